export interface LockedPackage {
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  version?: string
  integrity?: string
  dev?: boolean
  optional?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

export function packagesOf (file: string): Record<string, LockedPackage>
export function areInstalled (root: string, wanted: Record<string, LockedPackage>): boolean
export function namesForDemo (root: string, backend: string): string[]
export function partOf (packages: Record<string, LockedPackage>, names: readonly string[]): Record<string, LockedPackage>
