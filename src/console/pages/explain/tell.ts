/**
 * Tells the typed steps of an explanation (IDR-180) as a story. Steps that decided nothing are one line or left to "all steps". Pure;
 * see test/console/console.test.ts.
 */
import { plural } from "../../words.ts"
import type { Chip, KnotKind, Lane, RawStep, Story, StoryIdentifier, StoryItem } from "./story.ts"

/** What steps carry, as far as the story reads it; see src/identity/explain/steps.ts. */
interface Data {
  readonly identifier?: StoryIdentifier | null
  readonly from?: string | null
  readonly rank?: number | null
  readonly type?: string | null
  readonly collection?: string | null
  readonly list?: string | null
  readonly segment_id?: string | null
  readonly turn?: number
  readonly live?: ReadonlyArray<string>
  readonly matched?: ReadonlyArray<string>
  readonly counts?: ReadonlyArray<{
    readonly type: string
    readonly count: number
    readonly limit: number
    readonly window: string
  }> | null
  readonly passed?: boolean
  readonly breach?: {
    readonly kind: string
    readonly type?: string
    readonly count?: number
    readonly limit?: number
    readonly window?: string
  }
  readonly action?: string
  readonly merged?: ReadonlyArray<string>
  readonly mapped?: ReadonlyArray<string>
  readonly dropped?: boolean
  readonly answer?: string
  readonly write?: string
  readonly set?: ReadonlyArray<string>
  readonly kinds?: ReadonlyArray<string>
}

const keyOf = ({ collection, type, id }: StoryIdentifier): string => `${collection}:${type}:${id}`

const lists: Readonly<Record<string, string>> = {
  type: "blocked for its type",
  space: "blocked in this space",
  junk: "looks like no value"
}

class Teller {
  readonly lanes: Array<Lane> = []
  readonly items: Array<StoryItem> = []
  readonly candidates = new Set<string>()
  readonly demoted: Array<StoryIdentifier> = []
  breach: Story["breach"]
  private readonly live = new Set<string>()
  private check: Data | undefined
  private readonly dryRun: boolean

  constructor(dryRun: boolean) {
    this.dryRun = dryRun
  }

  private add(item: Partial<StoryItem> & Pick<StoryItem, "title">): void {
    const knots = new Map(item.knots)
    for (const key of this.live) if (!knots.has(key)) knots.set(key, "pass")
    this.items.push({ tone: "plain", detail: undefined, profile: undefined, chips: [], wouldBe: [], ...item, knots })
  }

  extract(steps: ReadonlyArray<Data>): void {
    const found = steps.flatMap((data) =>
      data.identifier === null || data.identifier === undefined ? [] : [{ ...data, identifier: data.identifier }]
    )
    if (found.length === 0) return this.add({ title: "Found no identifier", tone: "warn" })
    const knots = new Map<string, KnotKind>()
    for (const { identifier, from } of found) {
      const key = keyOf(identifier)
      if (this.live.has(key)) continue
      this.live.add(key)
      this.lanes.push({ key, of: identifier, from: from ?? "" })
      knots.set(key, "start")
    }
    const chips = found.map(({ identifier, from, rank }): Chip => ({
      of: identifier,
      how: undefined,
      note: `from ${from ?? "the event"}${rank === null || rank === undefined ? "" : `, rank ${rank}`}`,
      profile: undefined
    }))
    this.add({ title: `Extracted ${plural(found.length, "identifier")}`, chips, knots })
  }

  note(title: string, steps: ReadonlyArray<RawStep>, tone: StoryItem["tone"]): void {
    for (const { text } of steps) this.add({ title, detail: text, tone })
  }

  block(steps: ReadonlyArray<Data>): void {
    const blocked = steps.flatMap((data) => (data.identifier ? [{ of: data.identifier, list: data.list }] : []))
    if (blocked.length === 0) return this.add({ title: "Nothing blocked", tone: "quiet" })
    const knots = new Map(blocked.map(({ of }) => [keyOf(of), "cut" as const]))
    const chips = blocked.map(({ of, list }): Chip => ({
      of,
      how: "out",
      note: list === null || list === undefined ? "a blocked value" : (lists[list] ?? list),
      profile: undefined
    }))
    this.add({ title: `Blocked ${plural(blocked.length, "identifier")}`, tone: "warn", chips, knots })
    for (const key of knots.keys()) this.live.delete(key)
  }

  lookUp(steps: ReadonlyArray<Data>): void {
    const looked = steps.flatMap((data) => (data.identifier ? [{ of: data.identifier, id: data.segment_id }] : []))
    const profiles = new Set(looked.flatMap(({ id }) => (typeof id === "string" ? [id] : [])))
    for (const id of profiles) this.candidates.add(id)
    const accounts = looked[0]?.of.collection === "accounts"
    const knots = new Map(
      looked.map(({ of, id }) => [keyOf(of), id === null ? ("fresh" as const) : ("match" as const)])
    )
    const chips = looked.map(({ of, id }): Chip => ({
      of,
      how: id === null ? "new" : undefined,
      // A record does not say of every identifier whose it was.
      note: id === null ? "has not been seen before" : id === undefined ? undefined : "belongs to",
      profile: id ?? undefined
    }))
    const what = accounts ? ["account", "accounts"] : ["profile", "profiles"]
    this.add({
      title: profiles.size === 0 ? `Matched no ${what[0]}` : `Matched ${plural(profiles.size, what[0]!, what[1])}`,
      chips,
      knots
    })
  }

  limitCheck(data: Data): void {
    this.check = data
    for (const id of data.matched ?? []) this.candidates.add(id)
    if ((data.turn ?? 1) < 2 || data.passed !== true) return
    const left = (data.live ?? []).map((name) => name.slice(name.indexOf(":") + 1))
    const matched = data.matched?.length ?? 0
    this.add({
      title: matched === 0 ? "Matched again: no profile" : `Matched again: ${plural(matched, "profile")}`,
      detail: left.length === 1 ? `for ${left[0]} alone` : `for ${left.join(", ")}`,
      knots: new Map([...this.live].map((key) => [key, matched === 0 ? ("fresh" as const) : ("match" as const)]))
    })
  }

  breached({ breach, collection }: Data): void {
    if (breach === undefined) return
    const knots = new Map(this.ofCollection(collection).map((key) => [key, "caught" as const]))
    if (breach.kind !== "limit" || breach.type === undefined)
      return this.add({
        title: "Kept apart",
        tone: "warn",
        detail: "a person separated the profiles that these identifiers lead to",
        knots
      })
    const { type, count = 0, limit = 0, window = "ever" } = breach
    this.breach ??= { type, count, limit, window, collection: collection ?? "users" }
    const counts = this.check?.counts ?? [{ type, count, limit, window }]
    this.add({
      title: "Limit breached",
      tone: "warn",
      detail: (this.check?.matched?.length ?? 0) > 1 ? "if these became one profile" : "if these were on that profile",
      wouldBe: counts.map((each) => ({ ...each, breached: each.type === type })),
      knots
    })
  }

  demote({ identifier }: Data): void {
    if (identifier === undefined || identifier === null) return
    const key = keyOf(identifier)
    this.demoted.push(identifier)
    this.add({
      title: `Demoted ${identifier.type}`,
      tone: "warn",
      detail: "the least trusted identifier left",
      chips: [{ of: identifier, how: "out", note: "stays in the data of the event", profile: undefined }],
      knots: new Map([[key, "cut"]])
    })
    this.live.delete(key)
  }

  readmit({ identifier }: Data): void {
    if (identifier === undefined || identifier === null) return
    this.live.add(keyOf(identifier))
    this.add({
      title: `Readmitted ${identifier.type}`,
      detail: "nothing is breached with it",
      knots: new Map([[keyOf(identifier), "start"]])
    })
  }

  decide({ action, segment_id, merged = [], mapped = [], collection }: Data, writes: ReadonlyArray<Data>): void {
    const would = this.dryRun
    const verbs: Readonly<Record<string, readonly [done: string, would: string]>> = {
      create: ["Created", "Would create"],
      add: ["Added to", "Would be added to"],
      none: ["Belongs to", "Would belong to"],
      merge: [
        `Merged ${plural(merged.length, "profile")} into`,
        `Would merge ${plural(merged.length, "profile")} into`
      ],
      unresolved: ["Stored without a profile", "Would be stored without a profile"]
    }
    const verb = verbs[action ?? ""] ?? [action ?? "", action ?? ""]
    const ending = this.ofCollection(collection)
    this.add({
      title: verb[would ? 1 : 0],
      tone: action === "unresolved" ? "bad" : "plain",
      detail: wrote(writes, mapped.length, would),
      profile: segment_id ?? undefined,
      knots: new Map(ending.map((key) => [key, "end"]))
    })
    for (const key of ending) this.live.delete(key)
  }

  private ofCollection(collection: string | null | undefined): ReadonlyArray<string> {
    return [...this.live].filter(
      (key) => collection === null || collection === undefined || key.startsWith(`${collection}:`)
    )
  }
}

const wrote = (writes: ReadonlyArray<Data>, mapped: number, would: boolean): string | undefined => {
  const traits = writes.filter(({ write }) => write === "traits").reduce((sum, { set }) => sum + (set?.length ?? 0), 0)
  const violations = writes.filter(({ write }) => write === "violation").length
  const parts = [
    ...(mapped > 0 ? [plural(mapped, "identifier")] : []),
    ...(traits > 0 ? [plural(traits, "trait")] : []),
    ...(violations > 0 ? [plural(violations, "violation")] : [])
  ]
  return parts.length === 0 ? undefined : `${would ? "would write" : "wrote"} ${parts.join(", ")}`
}

export const tell = (steps: ReadonlyArray<RawStep>, dryRun: boolean): Story => {
  const teller = new Teller(dryRun)
  const of = (kind: string) => steps.filter((step) => step.kind === kind)
  const data = (step: RawStep) => step.data as Data
  const dropped = steps.filter(
    (step) =>
      (step.kind === "DROP_CHECK" && data(step).dropped === true) ||
      (step.kind === "FILTER" && data(step).answer === "matches")
  )
  teller.note("Dropped", dropped.slice(0, 1), "bad")
  const extracts = of("EXTRACT")
  if (extracts.length > 0) teller.extract(extracts.map(data))
  teller.note("Could not be used", of("IGNORE"), "warn")
  teller.note("New identifier type", of("AUTO_ADD"), "plain")
  if (extracts.some((step) => data(step).identifier != null)) teller.block(of("BLOCK").map(data))
  const writes = of("WOULD_WRITE").map(data)
  let looked: Array<Data> = []
  const flush = () => {
    if (looked.length > 0) teller.lookUp(looked)
    looked = []
  }
  for (const step of steps) {
    if (step.kind === "LOOKUP") looked.push(data(step))
    else flush()
    if (step.kind === "LIMIT_CHECK") teller.limitCheck(data(step))
    else if (step.kind === "BREACH") teller.breached(data(step))
    else if (step.kind === "DEMOTE") teller.demote(data(step))
    else if (step.kind === "READMIT") teller.readmit(data(step))
    else if (step.kind === "SYSTEM_LIMIT") teller.note("Protection limit", [step], "warn")
    else if (step.kind === "DECIDE") {
      const accounts = data(step).collection === "accounts"
      teller.decide(
        data(step),
        writes.filter((write) => (write.segment_id?.startsWith("grp_") ?? false) === accounts)
      )
    }
  }
  const { lanes, items, candidates, breach, demoted } = teller
  return { lanes, items, candidates: [...candidates], breach, demoted }
}
