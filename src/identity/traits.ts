/**
 * Trait documents: per profile, the newest write of every trait (IDR-125), kept under the profile that received the
 * write and merged on reading over all profiles of one person (IDR-102).
 *
 *     {"plan":["pro",1790000000000,3,89261234567890]}      value (null = removed), time of the write, source, seq
 *
 * A removal is a write: it stays as a tombstone, so that an older write which arrives late does not bring the
 * trait back. Keys are plain data, `__proto__` too, hence maps.
 */
import type { Json, JsonObject } from "../event/message.ts"
import type { Seq } from "./model.ts"

export type Write = readonly [value: Json, at: number, source: number, seq: Seq]

export type TraitDoc = Map<string, Write>

/** A trait that exists. `at` is the time of its write, ms. */
export interface Trait {
  readonly value: Json
  readonly at: number
  readonly source: number
  readonly seq: Seq
}

/** `"{}"` gives the empty document. */
export const decodeTraits = (text: string): TraitDoc => new Map(Object.entries(JSON.parse(text)))

export const encodeTraits = (doc: TraitDoc): string => JSON.stringify(Object.fromEntries(doc))

/** Later in time, or at the same time and later in the log. */
export const isNewer = (at: number, seq: Seq, than: Write): boolean => (at !== than[1] ? at > than[1] : seq > than[3])

/**
 * Writes the top-level keys of `traits` at time `t` (ms); answers whether the document changed. A new key beyond
 * `maxTraits` is left out (it stays in the event).
 */
export const writeTraits = (
  doc: TraitDoc,
  traits: JsonObject,
  t: number,
  source: number,
  seq: Seq,
  maxTraits: number
): boolean => {
  let changed = false
  for (const [key, value] of Object.entries(traits)) {
    const known = doc.get(key)
    if (known === undefined ? doc.size >= maxTraits : !isNewer(t, seq, known)) continue
    doc.set(key, [value, t, source, seq])
    changed = true
  }
  return changed
}

/** The traits of one person: per key the newest write of all documents, removed ones left out. */
export const mergeTraits = (docs: Iterable<TraitDoc>): ReadonlyMap<string, Trait> => {
  const newest: TraitDoc = new Map()
  for (const doc of docs) {
    for (const [key, write] of doc) {
      const known = newest.get(key)
      if (known === undefined || isNewer(write[1], write[3], known)) newest.set(key, write)
    }
  }
  const traits = new Map<string, Trait>()
  for (const [key, [value, at, source, seq]] of newest) if (value !== null) traits.set(key, { value, at, source, seq })
  return traits
}
