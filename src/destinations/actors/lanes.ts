/**
 * The order of jobs of one user and mapping. A lane lets one job (or one batch with several of its jobs) through at a time:
 *
 *     active            on its way: in a batch that fills up, in front of the window, or at the destination
 *     chain             in memory, behind it
 *     held              is about to become a row: an older one waits for its retry
 *     stored            the table may have rows: whoever comes goes behind them
 *
 * A lane in which nothing is has no entry, so memory grows with what is on its way and with the keys of waiting jobs only.
 */
import type { Unit } from "./batches.ts"
import type { Job } from "./job.ts"

export interface Lane {
  readonly key: string
  active: number
  /** The batch in which its active jobs are, while it is open. */
  unit: Unit | undefined
  readonly chain: Array<Job>
  held: number
  stored: boolean
  /** One of its jobs was told to wait, and those behind it have not been yet. */
  waits: boolean
  /** Rows that are in memory as well, until what became of them is committed. */
  claims: number
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #claimed = new Set<string>()

  constructor(storedKeys: Iterable<string>) {
    for (const key of storedKeys) this.of(key).stored = true
  }

  of(key: string): Lane {
    let lane = this.#lanes.get(key)
    if (lane === undefined)
      this.#lanes.set(
        key,
        (lane = { key, active: 0, unit: undefined, chain: [], held: 0, stored: false, waits: false, claims: 0 })
      )
    return lane
  }

  claim(lane: Lane, jobs: number): void {
    lane.claims += jobs
    if (lane.claims > 0) this.#claimed.add(lane.key)
    else this.#claimed.delete(lane.key)
  }

  /** Keys whose rows are not to be read again now. */
  get claimed(): ReadonlySet<string> {
    return this.#claimed
  }

  /** Forgets the lane when nothing is in it. */
  tidy(lane: Lane): void {
    if (lane.active === 0 && lane.held === 0 && !lane.stored && lane.claims === 0 && lane.chain.length === 0)
      this.#lanes.delete(lane.key)
  }
}
