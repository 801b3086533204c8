/**
 * Entries of the journal without what they tell of erased people (IDR-162), pure. The structure stays: which profiles were
 * created, merged, taken apart and erased, by number and segment id. So a graph that is built again from the journal issues no
 * id twice and has the other people as they were; of the erased it has tombstones.
 *
 * An identifier leaves the operations that moved or removed it only when every mapping of it has left, too: otherwise a
 * rebuild would give it to whoever had it before. Who that is, is found by `traces.ts`.
 */
import type { GraphOperation, MappingRow, MergeRow } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import { identifierOf, type IdNo, type JournalEntry, type Side } from "../journal.ts"
import type { Identifier, ProfileNo } from "../model.ts"
import type { OperationEntry } from "../operations/operation-entry.ts"

/** In the place of a value. */
export const erasedValue = "(erased)"

export interface Erased {
  /** Profiles that become tombstones. */
  readonly members: ReadonlySet<ProfileNo>
  /** Identifiers (`identifierText`) that were theirs and that nobody has afterwards. */
  readonly identifiers: ReadonlySet<string>
  /** Those of them whose every mapping is in an entry that is scrubbed: only they may leave operations, too. */
  readonly forgotten: ReadonlySet<string>
}

/** Whether an identifier that was mapped by this message belongs to a profile that stays, by that very mapping. */
export type Stays = (identifier: Identifier, messageId: string) => boolean

type Loose<A> = { -readonly [K in keyof A]: A[K] }

/** Of a profile that is erased: what it was, not by what. */
const bare = ({ action, merged, segmentId, target }: Side, mapped: ReadonlyArray<IdNo>): Side => ({
  action,
  target,
  segmentId,
  promoted: [],
  ...(merged === undefined
    ? undefined
    : { merged: merged.map((merge) => ({ ...merge, matchedFrom: [], matchedInto: [] })) }),
  ...(mapped.length === 0 ? undefined : { mapped })
})

/** The same entry when there is nothing to take out. */
export const scrubEvent = (entry: JournalEntry, erased: Erased, stays: Stays): JournalEntry => {
  const isErased = (side: Side | undefined) => side !== undefined && erased.members.has(side.target)
  const gone = { users: isErased(entry.users), accounts: isErased(entry.accounts) }
  const blank = entry.ids.map((_, no) => {
    const identifier = identifierOf(entry, no)
    return (
      erased.identifiers.has(identifierText(identifier)) ||
      (gone[identifier.collection] && !stays(identifier, entry.messageId))
    )
  })
  if (!gone.users && !gone.accounts && !blank.includes(true)) return entry
  const scrubbed: Loose<JournalEntry> = {
    ...entry,
    ids: entry.ids.map((id, no) => (blank[no] === true ? [id[0], id[1], erasedValue, id[3], id[4], id[5]] : id))
  }
  for (const collection of ["users", "accounts"] as const) {
    const side = entry[collection]
    if (side === undefined) continue
    const mapped = (side.mapped ?? []).filter((no) => blank[no] !== true)
    if (gone[collection]) scrubbed[collection] = bare(side, mapped)
    else if (side.mapped !== undefined) scrubbed[collection] = { ...side, mapped }
  }
  if (gone.users || gone.accounts) {
    delete scrubbed.linked
    delete scrubbed.ignored
    const other = gone.users ? entry.accounts : entry.users
    if (other === undefined || (gone.users && gone.accounts)) scrubbed.name = null
    const left = (entry.violations ?? []).filter(({ id }) => !gone[identifierOf(entry, id).collection])
    if (left.length === 0) delete scrubbed.violations
    else scrubbed.violations = left
  }
  return scrubbed
}

const blanked = (identifiers: ReadonlyArray<Identifier>, erased: Erased): ReadonlyArray<Identifier> =>
  identifiers.map((it) => (erased.identifiers.has(identifierText(it)) ? { ...it, value: erasedValue } : it))

const without = <A extends Identifier>(identifiers: ReadonlyArray<A>, erased: Erased): ReadonlyArray<A> =>
  identifiers.filter((it) => !erased.forgotten.has(identifierText(it)))

const scrubMerge = (merge: MergeRow, erased: Erased): MergeRow =>
  erased.members.has(merge.from) || erased.members.has(merge.into)
    ? { ...merge, matchedFrom: [], matchedInto: [] }
    : {
        ...merge,
        matchedFrom: blanked(merge.matchedFrom, erased),
        matchedInto: blanked(merge.matchedInto, erased)
      }

const scrubOperation = (operation: GraphOperation, erased: Erased): GraphOperation =>
  operation.kind === "unmap" || operation.kind === "remap"
    ? { ...operation, identifiers: without(operation.identifiers, erased) }
    : operation

/** Of an operation, its reason is a person's words and goes whenever it was about somebody erased (`isAbout`). */
export const scrubOperationEntry = (entry: OperationEntry, erased: Erased, isAbout: boolean): OperationEntry => {
  const { mappings, merges, operations = [], ...rest } = entry.mutations
  const { repeat } = entry
  return {
    ...entry,
    ...(repeat === undefined ? undefined : { repeat: { ...repeat, moved: without(repeat.moved, erased) } }),
    reason: isAbout ? erasedValue : entry.reason,
    mutations: {
      ...rest,
      mappings: without<MappingRow>(mappings, erased),
      merges: merges.map((merge) => scrubMerge(merge, erased)),
      operations: operations.map((operation) => scrubOperation(operation, erased))
    },
    successes: isAbout ? [] : entry.successes
  }
}

/** The identifiers that an operation took away or moved. */
export const namedIdentifiers = ({ mutations }: OperationEntry): ReadonlyArray<Identifier> =>
  (mutations.operations ?? []).flatMap((it) => (it.kind === "unmap" || it.kind === "remap" ? it.identifiers : []))
