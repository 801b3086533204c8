/** Chance that repeats itself: the demo tells the same story every time. */
export interface Random {
  /** 0 <= x < 1. */
  readonly next: () => number
  /** A whole number, both ends included. */
  readonly int: (min: number, max: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(from: ReadonlyArray<A>) => A
  readonly hex: (length: number) => string
}

/** xorshift32; far from cryptographic, and the same on every machine. */
export const seeded = (seed: number): Random => {
  let state = seed | 0 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (from) => from[int(0, from.length - 1)]!,
    hex: (length) => Array.from({ length }, () => int(0, 15).toString(16)).join("")
  }
}
