const HASHED_CHARS = 6
/** Odd, so that each bit depends on every hashed character, and above any ASCII code, so that ASCII texts do not collide. */
const HASH_FACTOR = 131

/** 32 bits, made of the end of a text: what differs in ids and in the beginnings of cookies. */
export function hashOfText (text: string): number {
  let hash = 1
  for (let at = Math.max(0, text.length - HASHED_CHARS); at < text.length; at++) hash = Math.imul(hash, HASH_FACTOR) + text.charCodeAt(at)
  return hash | 0
}
