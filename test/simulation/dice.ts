/** Random numbers from a seed, the same everywhere and for ever (mulberry32). */
export class Dice {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** 0 <= x < 1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let x = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296
  }

  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(p: number): boolean {
    return this.next() < p
  }

  pick<A>(list: ReadonlyArray<A>): A | undefined {
    return list[this.below(list.length)]
  }

  /** Each with its weight. */
  choose<A>(weighted: ReadonlyArray<readonly [weight: number, A]>): A {
    let x = this.next() * weighted.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of weighted) {
      x -= weight
      if (x < 0) return value
    }
    return weighted.at(-1)![1]
  }

  some<A>(list: ReadonlyArray<A>): ReadonlyArray<A> {
    return list.filter(() => this.chance(0.5))
  }
}
