const SLOTS = 16_384
const BYTE = 256
/** x^16 + x^12 + x^5 + 1, the polynomial of CRC-16/XMODEM. */
const POLYNOMIAL = 0x1021

const REMAINDERS = Array.from({ length: BYTE }, (_, byte) => {
  let remainder = byte << 8
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder & 0x8000 ? POLYNOMIAL : 0)
  return remainder & 0xffff
})

/** The slot of a key in a cluster: the checksum of the key, or of the part in the first `{…}` where this part is not empty. */
export function slotOf (key: string): number {
  const open = key.indexOf('{')
  const close = key.indexOf('}', open + 1)
  const hashed = open !== -1 && close > open + 1 ? key.slice(open + 1, close) : key
  let sum = 0
  for (const byte of Buffer.from(hashed)) sum = ((sum << 8) & 0xffff) ^ REMAINDERS[(sum >> 8) ^ byte]!
  return sum % SLOTS
}
