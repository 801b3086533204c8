/**
 * What the door sees of each source, counted in memory until it is written (`source-flush.ts`): received, failed on ingest, filtered at
 * source, and beside them duplicates and suppressed ones (ING-116). Plain and synchronous, because every message comes through here.
 *
 * A stored message costs four look-ups and an increment: the way from source to type, name and version ends at the cell that counts
 * it. What is rare goes straight to the tally. Both are bounded.
 */
import { Context, Layer } from "effect"
import { appVersionOf, eventNameOf, other } from "./dimensions.ts"
import { Tally } from "./tally.ts"

/** Different messages in one round; beyond, they are counted without name and version. Fewer than a tally has room for. */
const mostCells = 5_000
const minuteMs = 60_000

export class Cell {
  readonly source: number
  readonly type: string
  readonly name: string
  readonly version: string
  /** Of the minute that is counted, ms. */
  minute = 0
  count = 0

  constructor(source: number, type: string, name: string, version: string) {
    this.source = source
    this.type = type
    this.name = name
    this.version = version
  }
}

type Names = Map<string, Map<string, Cell>>

interface MaybeMessage {
  readonly type?: unknown
  readonly event?: unknown
  readonly context?: unknown
}

/** What was sent may be anything. */
const asMessage = (item: unknown): MaybeMessage => (typeof item === "object" && item !== null ? item : {})

const knownTypes: ReadonlySet<unknown> = new Set(["identify", "track", "page", "screen", "group", "alias"])
const typeOf = ({ type }: MaybeMessage): string => (knownTypes.has(type) ? String(type) : "")

export class SourceTally {
  private sources = new Map<number, Map<string, Names>>()
  private size = 0
  private readonly changed = new Set<Cell>()
  private tally = new Tally()

  /** The cell that counts the message once it is stored. */
  of(source: number, message: MaybeMessage): Cell {
    const type = typeOf(message)
    let types = this.sources.get(source)
    if (types === undefined) this.sources.set(source, (types = new Map()))
    let names = types.get(type)
    if (names === undefined) types.set(type, (names = new Map()))
    return this.cell(names, source, type, eventNameOf(message), appVersionOf(message))
  }

  /** The messages are stored; `repeated`: which of them had been stored before. */
  stored(cells: ReadonlyArray<Cell>, at: number, repeated?: ReadonlyArray<number>): void {
    const minute = at - (at % minuteMs)
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!
      if (repeated?.includes(i) === true) {
        this.tally.add(countedOf(cell, "duplicate", at))
        continue
      }
      if (cell.minute !== minute) {
        this.settle(cell)
        cell.minute = minute
      }
      if (cell.count === 0) this.changed.add(cell)
      cell.count += 1
    }
  }

  /** `item` as it was sent; `type` of a call whose route says it. */
  failed(source: number, code: string, item: unknown, at: number, count = 1, type?: string): void {
    this.add("failed_on_ingest", source, code, item, at, count, type)
  }

  filtered(source: number, code: string, message: MaybeMessage, at: number): void {
    this.add("filtered_at_source", source, code, message, at, 1)
  }

  suppressed(source: number, count: number, at: number): void {
    this.add("suppressed", source, "", undefined, at, count)
  }

  /** What was counted since the last time. */
  take(): Tally {
    for (const cell of this.changed) this.settle(cell)
    this.changed.clear()
    if (this.size >= mostCells) {
      // Those that still come are soon there again.
      this.sources = new Map()
      this.size = 0
    }
    const taken = this.tally
    this.tally = new Tally()
    return taken
  }

  private settle(cell: Cell): void {
    if (cell.count > 0) this.tally.add(countedOf(cell, "successfully_received", cell.minute), cell.count)
    cell.count = 0
  }

  private cell(names: Names, source: number, type: string, name: string, version: string): Cell {
    let versions = names.get(name)
    if (versions === undefined) {
      if (this.size >= mostCells && name !== other && name !== "") return this.cell(names, source, type, other, other)
      names.set(name, (versions = new Map()))
    }
    let cell = versions.get(version)
    if (cell === undefined) {
      if (this.size >= mostCells && version !== other && version !== "")
        return this.cell(names, source, type, name, other)
      versions.set(version, (cell = new Cell(source, type, name, version)))
      this.size += 1
    }
    return cell
  }

  private add(
    step: "failed_on_ingest" | "filtered_at_source" | "suppressed",
    source: number,
    code: string,
    item: unknown,
    at: number,
    count: number,
    type?: string
  ): void {
    const message = asMessage(item)
    this.tally.add(
      {
        destination: 0,
        source,
        step,
        code,
        mapping: "",
        eventType: type ?? typeOf(message),
        eventName: eventNameOf(type === undefined ? message : { ...message, type }),
        appVersion: appVersionOf(message),
        receivedAt: at,
        attempts: 0
      },
      count
    )
  }
}

const countedOf = ({ source, type, name, version }: Cell, step: "successfully_received" | "duplicate", at: number) => ({
  destination: 0,
  source,
  step,
  code: "",
  mapping: "",
  eventType: type,
  eventName: name,
  appVersion: version,
  receivedAt: at,
  attempts: 0
})

/** The one of this process: the door fills it, `source-flush.ts` empties it. */
export class SourceCounts extends Context.Service<SourceCounts, SourceTally>()("braid/delivery/SourceCounts") {
  static readonly layer = Layer.sync(this, () => new SourceTally())
}
