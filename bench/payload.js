/** What a session holds. `bytes` is the size as JSON, reached to within an item's length. */

const core = {
  user: { id: 4711, name: 'Ada Lovelace', email: 'ada@example.com', roles: ['editor', 'author'] },
  basket: [{ sku: 'tea-100', count: 2 }, { sku: 'honey-1', count: 1 }],
  theme: 'dark',
  csrf: 'kP3bT9wZq1xR7vYc'
}

export const KEYS = Object.keys(core)
export const SIZES = [200, 2_000, 8_000]
export const NAME = core.user.name

export function payloadOf (bytes) {
  if (bytes < 150) return { user: core.user, theme: core.theme }
  const payload = { ...core, basket: [...core.basket] }
  for (let n = 0; sizeOf(payload) + 60 < bytes; n++) payload.basket.push(item(n))
  return payload
}

export const sizeOf = payload => JSON.stringify(payload).length

// Each differs, so that nothing gains from repetition.
const item = n => ({ sku: `item-${(n * 7919) % 9973}`, count: 1 + n % 9, note: `${(n * 2654435761 % 2 ** 32).toString(36)} parcel` })

/** For people. */
export const nameOf = bytes => bytes < 1_000 ? `${bytes} B` : `${bytes / 1_000} kB`
