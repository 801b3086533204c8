/**
 * Who runs which item - a space, a part of the destinations - when several processes share them. Pure, and every process computes the same from the same view:
 *
 *     processes  A        B        C (new)          items 1 2 3 4
 *     runs       1 2      3 4      -
 *     quota      2        1        1                B gives 4, C takes 4; nothing else moves
 *
 * - Quotas differ by one at most; who runs more keeps the larger quota, so that as little as possible moves.
 * - An item that nobody runs goes to one process only, so that two do not snatch at it.
 * - An item that is on its way out of a process is not free: it is taken when its lock is.
 */

/** Number of a process or of an item, given by the database (`membership.ts`). */
export type ProcessNo = number
export type ItemNo = number

export interface Share {
  /** Free, and for this process. */
  readonly take: ReadonlyArray<ItemNo>
  /** Runs here, and belongs to another process. */
  readonly give: ReadonlyArray<ItemNo>
}

export interface Cast {
  /** Processes that share the items, in the order in which they joined. */
  readonly processes: ReadonlyArray<ProcessNo>
  /** All items, in an order that is the same everywhere. */
  readonly items: ReadonlyArray<ItemNo>
  /** Who holds an item; maybe a process that does not share. */
  readonly ownerOf: ReadonlyMap<ItemNo, ProcessNo>
}

/** What process `me` has to take and to give; one that is not among `processes` gives all it has. */
export const shareOf = (me: ProcessNo, { processes, items, ownerOf }: Cast): Share => {
  const heldBy = new Map(processes.map((process): [ProcessNo, Array<ItemNo>] => [process, []]))
  const mine: Array<ItemNo> = []
  for (const item of items) {
    const owner = ownerOf.get(item)
    if (owner === undefined) continue
    heldBy.get(owner)?.push(item)
    if (owner === me) mine.push(item)
  }
  if (!heldBy.has(me)) return { take: [], give: mine }
  const least = Math.floor(items.length / processes.length)
  const larger = items.length % processes.length
  // The sort is stable: among equals the order of joining decides.
  const busiestFirst = processes.toSorted((a, b) => heldBy.get(b)!.length - heldBy.get(a)!.length)
  const quotaOf = (process: ProcessNo) => least + (busiestFirst.indexOf(process) < larger ? 1 : 0)
  const free = items.filter((item) => !ownerOf.has(item))
  for (const process of processes) {
    const part = free.splice(0, Math.max(0, quotaOf(process) - heldBy.get(process)!.length))
    if (process === me) return { take: part, give: mine.slice(quotaOf(me)) }
  }
  return { take: [], give: [] }
}
