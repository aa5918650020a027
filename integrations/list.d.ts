export const integrations: ReadonlyArray<{ name: string, packages: readonly string[], tried: string, know: string }>
