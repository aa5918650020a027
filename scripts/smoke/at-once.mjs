// A program may begin to load a peer and the backend on it at once, as loaders of plugins do.
await Promise.all([import('kysely'), import('fastsessions/database')])
