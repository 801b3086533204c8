/**
 * Who runs which space when several processes share them. Pure, and every process computes the same from the same view:
 *
 *     processes  A        B        C (new)          spaces 1 2 3 4
 *     runs       1 2      3 4      -
 *     quota      2        1        1                B gives 4, C takes 4; nothing else moves
 *
 * - Quotas differ by one at most; who runs more keeps the larger quota, so that as little as possible moves.
 * - A space that nobody runs goes to one process only, so that two do not snatch at it.
 * - A space that is on its way out of a process is not free: it is taken when its lock is.
 */

/** Number of a process or of a space, given by the database (`space-owners.ts`). */
export type ProcessNo = number
export type SpaceNo = number

export interface Share {
  /** Free, and for this process. */
  readonly take: ReadonlyArray<SpaceNo>
  /** Runs here, and belongs to another process. */
  readonly give: ReadonlyArray<SpaceNo>
}

export interface Cast {
  /** Processes that share the spaces, in the order in which they joined. */
  readonly processes: ReadonlyArray<ProcessNo>
  /** All spaces, in an order that is the same everywhere. */
  readonly spaces: ReadonlyArray<SpaceNo>
  /** Who holds a space; maybe a process that does not share. */
  readonly ownerOf: ReadonlyMap<SpaceNo, ProcessNo>
}

/** What process `me` has to take and to give; one that is not among `processes` gives all it has. */
export const shareOf = (me: ProcessNo, { processes, spaces, ownerOf }: Cast): Share => {
  const heldBy = new Map(processes.map((process): [ProcessNo, Array<SpaceNo>] => [process, []]))
  const mine: Array<SpaceNo> = []
  for (const space of spaces) {
    const owner = ownerOf.get(space)
    if (owner === undefined) continue
    heldBy.get(owner)?.push(space)
    if (owner === me) mine.push(space)
  }
  if (!heldBy.has(me)) return { take: [], give: mine }
  const least = Math.floor(spaces.length / processes.length)
  const larger = spaces.length % processes.length
  // The sort is stable: among equals the order of joining decides.
  const busiestFirst = processes.toSorted((a, b) => heldBy.get(b)!.length - heldBy.get(a)!.length)
  const quotaOf = (process: ProcessNo) => least + (busiestFirst.indexOf(process) < larger ? 1 : 0)
  const free = spaces.filter((space) => !ownerOf.has(space))
  for (const process of processes) {
    const part = free.splice(0, Math.max(0, quotaOf(process) - heldBy.get(process)!.length))
    if (process === me) return { take: part, give: mine.slice(quotaOf(me)) }
  }
  return { take: [], give: [] }
}
