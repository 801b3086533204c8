/** Ids for messages that came without one (ING-63): `api-` and 27 random base62 characters. */
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** `fill` writes random bytes; it is asked for 4 KB at a time, because asking per id is what costs. */
export const makeMessageIds = (fill: (bytes: Uint8Array) => void): (() => string) => {
  const pool = new Uint8Array(4096)
  let at = pool.length
  return () => {
    let id = "api-"
    while (id.length < 31) {
      if (at === pool.length) {
        fill(pool)
        at = 0
      }
      // Six bits give 64 values; the two that are not base62 are thrown away, so that all characters are equally likely.
      const value = pool[at++]! & 63
      if (value < 62) id += alphabet[value]
    }
    return id
  }
}
