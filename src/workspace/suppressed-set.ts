/**
 * User ids that are suppressed, in memory: exact (128 bits of SHA-256, as everywhere in the stores), in 27 to 53 bytes an
 * id, nothing for the garbage collector to do.
 *
 *     slot: [cheap hash | 128 bits of SHA-256]      open addressing; cheap hash 0 = empty
 *
 * The cheap hash answers nearly every question; only when it is found the id is hashed in earnest. So a message of
 * somebody else costs one pass over its user id.
 */
import { hash } from "node:crypto"

const wordsPerSlot = 5

/** FNV-1a over UTF-16 units; never 0. */
const cheapHash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h ^ (h >>> 15)) >>> 0 || 1
}

const wordsOf = (text: string): Buffer => hash("sha256", text, "buffer") as Buffer

export class SuppressedSet {
  #table = new Uint32Array(16 * wordsPerSlot)
  /** Slots that are not empty: ids, and what is left of removed ones. */
  #used = 0
  size = 0

  get bytes(): number {
    return this.#table.byteLength
  }

  has(userId: string): boolean {
    return this.size > 0 && this.#find(cheapHash(userId), userId) !== -1
  }

  add(userId: string): void {
    const cheap = cheapHash(userId)
    if (this.#find(cheap, userId) !== -1) return
    if ((this.#used + 1) * 4 > this.#slots * 3) this.#grow()
    const words = wordsOf(userId)
    // The first word also tells a removed id, so zero is stored as one.
    this.#put(cheap, words.readUInt32LE(0) || 1, words.readUInt32LE(4), words.readUInt32LE(8), words.readUInt32LE(12))
    this.size++
  }

  remove(userId: string): void {
    const at = this.#find(cheapHash(userId), userId)
    if (at === -1) return
    this.#table[at + 1] = 0
    this.size--
  }

  get #slots(): number {
    return this.#table.length / wordsPerSlot
  }

  /** Index of the first word of its slot, or -1. */
  #find(cheap: number, userId: string): number {
    const table = this.#table
    const mask = this.#slots - 1
    let words: Buffer | undefined
    for (let slot = cheap & mask; ; slot = (slot + 1) & mask) {
      const at = slot * wordsPerSlot
      const stored = table[at]
      if (stored === 0) return -1
      if (stored !== cheap) continue
      words ??= wordsOf(userId)
      if (
        table[at + 1] === (words.readUInt32LE(0) || 1) &&
        table[at + 2] === words.readUInt32LE(4) &&
        table[at + 3] === words.readUInt32LE(8) &&
        table[at + 4] === words.readUInt32LE(12)
      )
        return at
    }
  }

  #put(cheap: number, a: number, b: number, c: number, d: number): void {
    const table = this.#table
    const mask = this.#slots - 1
    let slot = cheap & mask
    while (table[slot * wordsPerSlot] !== 0) slot = (slot + 1) & mask
    const at = slot * wordsPerSlot
    table[at] = cheap
    table[at + 1] = a
    table[at + 2] = b
    table[at + 3] = c
    table[at + 4] = d
    this.#used++
  }

  /** Twice the size, or the same size when most slots are only left of removed ids. */
  #grow(): void {
    const old = this.#table
    this.#table = new Uint32Array(this.size * 2 > this.#slots ? old.length * 2 : old.length)
    this.#used = 0
    for (let at = 0; at < old.length; at += wordsPerSlot)
      if (old[at] !== 0 && old[at + 1] !== 0)
        this.#put(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!, old[at + 4]!)
  }
}
