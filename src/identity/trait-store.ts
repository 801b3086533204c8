/**
 * Trait documents that a space keeps warm: loaded once, written whole, in memory as long as there is room.
 * Two generations stand for least recently used; they turn only when nothing is in flight, so that a document
 * whose commit is not confirmed is never read again from the store.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { TraitWrite } from "./batch.ts"
import type { ProfileNo } from "./model.ts"
import type { BatchRows, SpaceStore } from "./space-store.ts"
import { decodeTraits, encodeTraits, type TraitDoc, writeTraits } from "./traits.ts"

const capacity = 20_000

export class WarmTraits {
  private young = new Map<ProfileNo, TraitDoc>()
  private old = new Map<ProfileNo, TraitDoc>()

  get(profile: ProfileNo): TraitDoc | undefined {
    let doc = this.young.get(profile)
    if (doc === undefined) {
      doc = this.old.get(profile)
      if (doc !== undefined) this.young.set(profile, doc)
    }
    return doc
  }

  set(profile: ProfileNo, doc: TraitDoc): void {
    this.young.set(profile, doc)
  }

  get full(): boolean {
    return this.young.size >= capacity
  }

  /** Call only when every commit is confirmed. */
  rotate(): void {
    this.old = this.young
    this.young = new Map()
  }

  clear(): void {
    this.young = new Map()
    this.old = new Map()
  }
}

/** Applies the writes in order (IDR-125) and puts the changed documents into the rows of the commit. */
export const applyTraitWrites = Effect.fnUntraced(function* (
  store: SpaceStore,
  warm: WarmTraits,
  writes: ReadonlyArray<TraitWrite>,
  maxTraits: number,
  rows: BatchRows
): Effect.fn.Return<void, SqlError.SqlError> {
  const missing = new Set<ProfileNo>()
  for (const { profile } of writes) if (warm.get(profile) === undefined) missing.add(profile)
  if (missing.size > 0) {
    for (const row of yield* store.traitDocs([...missing])) warm.set(row.profile, decodeTraits(row.doc))
    for (const profile of missing) if (warm.get(profile) === undefined) warm.set(profile, decodeTraits("{}"))
  }
  const changed = new Map<ProfileNo, TraitDoc>()
  for (const write of writes) {
    const doc = warm.get(write.profile)!
    if (writeTraits(doc, write.traits, write.t, write.source, write.seq, maxTraits)) changed.set(write.profile, doc)
  }
  for (const [profile, doc] of changed) {
    rows.traits.profile.push(profile)
    rows.traits.doc.push(encodeTraits(doc))
  }
})
