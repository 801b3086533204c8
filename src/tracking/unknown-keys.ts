/**
 * The list of write keys that belong to no source (ING-18): what an operator looks at when an app sends to the wrong
 * key. Only the first eight characters are kept, for seven days, at most 500 of them (the longest unseen goes first).
 */

export interface UnknownKey {
  /** First eight characters. */
  readonly key: string
  readonly count: number
  /** Milliseconds. */
  readonly lastSeen: number
  readonly library: string | null
  readonly ip: string | null
}

const maxKeys = 500
const keptMs = 7 * 86_400_000

export class UnknownKeys {
  private readonly byPrefix = new Map<string, UnknownKey>()

  seen(key: string, now: number, library: string | null, ip: string | null): void {
    const prefix = key.slice(0, 8)
    const count = (this.byPrefix.get(prefix)?.count ?? 0) + 1
    // Deleted and set again: the map stays in the order of `lastSeen`.
    this.byPrefix.delete(prefix)
    this.byPrefix.set(prefix, { key: prefix, count, lastSeen: now, library: library?.slice(0, 100) ?? null, ip })
    if (this.byPrefix.size > maxKeys) this.byPrefix.delete(this.byPrefix.keys().next().value!)
  }

  /** Newest first. */
  list(now: number): ReadonlyArray<UnknownKey> {
    for (const [prefix, { lastSeen }] of this.byPrefix) {
      if (lastSeen > now - keptMs) break
      this.byPrefix.delete(prefix)
    }
    return [...this.byPrefix.values()].toReversed()
  }
}
