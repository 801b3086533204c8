/** Where a replay under other rules first decides otherwise than the journal says (IDR-191): per profile, the first message. */
import { identifierOf, type IdNo, type JournalEntry, type Side } from "../journal.ts"

export interface Divergence {
  /** Place in the run: the smaller, the earlier. */
  readonly place: number
  readonly messageId: string
  /** Journal entries; null: that side decided nothing. */
  readonly before: JournalEntry | null
  readonly after: JournalEntry | null
}

/** Profiles whose first divergence is remembered; beyond that, later ones have none. */
const remembered = 50_000

const names = (entry: JournalEntry, ids: ReadonlyArray<IdNo> = []): ReadonlyArray<string> =>
  ids.map((no) => {
    const { type, value } = identifierOf(entry, no)
    return `${type}:${value}`
  })

const decided = (entry: JournalEntry, side: Side | undefined): unknown =>
  side === undefined || (side.action === "none" && side.demoted === undefined)
    ? null
    : [
        side.action,
        side.segmentId,
        names(entry, side.mapped),
        (side.merged ?? []).map(({ segmentId }) => segmentId),
        names(
          entry,
          (side.demoted ?? []).map(([id]) => id)
        )
      ]

const decisions = (entry: JournalEntry | null): string =>
  entry === null ? "[null,null]" : JSON.stringify([decided(entry, entry.users), decided(entry, entry.accounts)])

const segmentIds = (entry: JournalEntry | null): ReadonlyArray<string> =>
  [entry?.users, entry?.accounts].flatMap((side) =>
    side === undefined ? [] : [side.segmentId, ...(side.merged ?? []).map(({ segmentId }) => segmentId)]
  )

export class Divergences {
  private readonly first = new Map<string, Divergence>()
  count = 0

  compare(place: number, messageId: string, before: JournalEntry | null, after: JournalEntry | null): void {
    if (decisions(before) === decisions(after)) return
    this.count += 1
    const divergence = { place, messageId, before, after }
    for (const id of [...segmentIds(before), ...segmentIds(after)])
      if (!this.first.has(id) && this.first.size < remembered) this.first.set(id, divergence)
  }

  /** The earliest among these profiles. */
  of(ids: Iterable<string>): Divergence | undefined {
    let earliest: Divergence | undefined
    for (const id of ids) {
      const found = this.first.get(id)
      if (found !== undefined && (earliest === undefined || found.place < earliest.place)) earliest = found
    }
    return earliest
  }
}
