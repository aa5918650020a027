import { readdirSync, readFileSync } from 'node:fs'

export const root = new URL('../../', import.meta.url)

/** The pages of docs/, by their paths in the repository. */
export const inDocs: readonly string[] = ['docs', 'docs/guides', 'docs/errors'].flatMap(folder => {
  return readdirSync(new URL(folder, root)).filter(file => file.endsWith('.md')).map(file => `${folder}/${file}`)
})

export function read (file: string): string { return readFileSync(new URL(file, root), 'utf8') }
