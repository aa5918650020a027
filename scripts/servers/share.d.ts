import type { ServerName } from './index.js'

export function sharedServer (name: ServerName): Promise<string>
