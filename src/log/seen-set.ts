/**
 * The message ids of the duplicate window: exact, in about 30 bytes an id, nothing for the garbage collector to do.
 *
 *     [yesterday ......][today ....|more of today]      oldest generation first; a lookup asks each
 *
 * - Ids are 128-bit hashes, four 32-bit words in open-addressing tables.
 * - A generation holds ids of one day, so that the whole day is forgotten at once: between 24 and 48 h after it came (ING-64).
 * - Above `maxIds` the oldest generation is forgotten early. What then comes twice is stored twice and stopped by the
 *   ledger of each space (IDR-132); ING-65 prefers that to refusing events.
 */

/** Tables grow one shard at a time, so that no single insert copies millions of entries. */
const shardBits = 6
const shardCount = 1 << shardBits

/** A set of 128-bit hashes. */
export class HashSet128 {
  readonly #tables: Array<Uint32Array> = []
  readonly #counts = new Uint32Array(shardCount)
  size = 0

  constructor() {
    for (let shard = 0; shard < shardCount; shard++) this.#tables.push(new Uint32Array(16 * 4))
  }

  /** `at` is the index of the first of four words. */
  has(words: Uint32Array, at: number): boolean {
    const table = this.#tables[words[at]! >>> (32 - shardBits)]!
    return table[slotOf(table, words, at)] !== 0
  }

  /** False when the hash was there. */
  add(words: Uint32Array, at: number): boolean {
    const shard = words[at]! >>> (32 - shardBits)
    let table = this.#tables[shard]!
    let slot = slotOf(table, words, at)
    if (table[slot] !== 0) return false
    if ((this.#counts[shard]! + 1) * 4 > (table.length >> 2) * 3) {
      table = grown(table)
      this.#tables[shard] = table
      slot = slotOf(table, words, at)
    }
    // The first word also marks a used slot, so zero is stored as one.
    table[slot] = words[at]! || 1
    table[slot + 1] = words[at + 1]!
    table[slot + 2] = words[at + 2]!
    table[slot + 3] = words[at + 3]!
    this.#counts[shard]!++
    this.size++
    return true
  }
}

/** Index of the slot that holds the hash, or of the empty one where it belongs. Tables are never full. */
const slotOf = (table: Uint32Array, words: Uint32Array, at: number): number => {
  const mask = (table.length >> 2) - 1
  const first = words[at]! || 1
  let slot = words[at + 1]! & mask
  for (;;) {
    const i = slot << 2
    const stored = table[i]
    if (
      stored === 0 ||
      (stored === first &&
        table[i + 1] === words[at + 1] &&
        table[i + 2] === words[at + 2] &&
        table[i + 3] === words[at + 3])
    ) {
      return i
    }
    slot = (slot + 1) & mask
  }
}

const grown = (table: Uint32Array): Uint32Array => {
  const bigger = new Uint32Array(table.length * 2)
  for (let i = 0; i < table.length; i += 4) {
    if (table[i] === 0) continue
    const slot = slotOf(bigger, table, i)
    bigger[slot] = table[i]!
    bigger[slot + 1] = table[i + 1]!
    bigger[slot + 2] = table[i + 2]!
    bigger[slot + 3] = table[i + 3]!
  }
  return bigger
}

export class SeenSet {
  readonly #maxIds: number
  #generations: Array<{ readonly day: number; readonly ids: HashSet128 }> = []
  #size = 0
  /** Ids forgotten before their time because `maxIds` was reached. */
  forgottenEarly = 0

  constructor(maxIds: number) {
    this.#maxIds = maxIds
  }

  get size(): number {
    return this.#size
  }

  has(words: Uint32Array, at: number): boolean {
    const generations = this.#generations
    for (let i = generations.length - 1; i >= 0; i--) if (generations[i]!.ids.has(words, at)) return true
    return false
  }

  /** Remembers an id accepted on `day`; days never go down. */
  add(day: number, words: Uint32Array, at: number): void {
    let newest = this.#generations.at(-1)
    if (newest === undefined || newest.day !== day || newest.ids.size * 4 >= this.#maxIds) {
      while (this.#size >= this.#maxIds) this.forgottenEarly += this.#forgetOldest()
      newest = { day, ids: new HashSet128() }
      this.#generations.push(newest)
    }
    if (newest.ids.add(words, at)) this.#size++
  }

  /** Forgets what was accepted before `day`. */
  forgetBefore(day: number): void {
    while (this.#generations.length > 0 && this.#generations[0]!.day < day) this.#forgetOldest()
  }

  #forgetOldest(): number {
    const size = this.#generations.shift()?.ids.size ?? 0
    this.#size -= size
    return size
  }
}
