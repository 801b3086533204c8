/**
 * Batches as they fill up (DST-100 to DST-102). A batch closes at its size, ten seconds after its first event, or at 4 MiB of events.
 *
 * Events share one only when their mapped values of `batch_keys` are equal. The mapping itself runs elsewhere (`catalog/`), so here only
 * what can be told without it is told: constants, and fields that are taken from the event as they are. Events whose key is
 * computed in another way go alone.
 */
import type { Mapping } from "../destination.ts"
import type { Job } from "./job.ts"

export const batchMs = 10_000
const batchBytes = 4 * 1024 * 1024

/** What is told to a destination at once. */
export interface Unit {
  readonly jobs: Array<Job>
  /** Whether the batch form of the action is called. */
  readonly batch: boolean
  readonly mapping: string
  bytes: number
  readonly closesAt: number
  open: boolean
}

export const single = (job: Job): Unit => ({
  jobs: [job],
  batch: false,
  mapping: job.mapping,
  bytes: job.text.length,
  closesAt: 0,
  open: false
})

const directive = (value: object): string | undefined => Object.keys(value).find((key) => key.startsWith("@"))

const at = (path: string, event: unknown): unknown => {
  let value = event
  for (const part of path.replace(/^\$\.?/, "").split(".")) {
    if (part === "") continue
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return value
}

/** Undefined: cannot be told without the mapping. */
const valueOf = (setting: unknown, event: unknown): { readonly value: unknown } | undefined => {
  if (typeof setting === "string" && setting.includes("{{")) return undefined
  if (typeof setting !== "object" || setting === null) return { value: setting }
  const named = directive(setting)
  if (named === "@path") {
    const path = (setting as Readonly<Record<string, unknown>>)["@path"]
    return typeof path === "string" && !/[[\]'"*?]/.test(path) ? { value: at(path, event) } : undefined
  }
  if (named !== undefined) return undefined
  const values: Array<unknown> = []
  for (const [key, member] of Object.entries(setting)) {
    const found = valueOf(member, event)
    if (found === undefined) return undefined
    values.push(key, found.value)
  }
  return { value: values }
}

const isConstant = (setting: unknown): boolean =>
  typeof setting === "string"
    ? !setting.includes("{{")
    : typeof setting !== "object" ||
      setting === null ||
      (directive(setting) === undefined && Object.values(setting).every(isConstant))

/** What must be equal for two events to share a batch; undefined: this one goes alone. */
export const batchKeyOf = ({ batch, settings }: Mapping, event: unknown): string | undefined => {
  const parts: Array<unknown> = [at("context.personas.computation_id", event)]
  for (const key of batch!.keys) {
    const setting = settings[key]
    if (isConstant(setting)) continue
    const found = valueOf(setting, event)
    if (found === undefined) return undefined
    parts.push(found.value ?? null)
  }
  return JSON.stringify(parts)
}

const idOf = ({ id }: Mapping, key: string) => `${id}\n${key}`

/** The open batches of one instance. */
export class Batches {
  readonly #open = new Map<string, Unit>()
  /** Those that were closed and not yet taken. */
  readonly closed: Array<Unit> = []

  /** The open batch for this key, if the job fits into it. */
  find(job: Job, mapping: Mapping, key: string): Unit | undefined {
    const unit = this.#open.get(idOf(mapping, key))
    return unit !== undefined && unit.bytes + job.text.length <= batchBytes ? unit : undefined
  }

  /** Adds the job to the batch it belongs to, and answers that. */
  add(job: Job, mapping: Mapping, key: string, now: number): Unit {
    const id = idOf(mapping, key)
    let unit = this.find(job, mapping, key)
    if (unit === undefined) {
      const full = this.#open.get(id)
      if (full !== undefined) this.#close(id, full)
      unit = { jobs: [], batch: true, mapping: mapping.id, bytes: 0, closesAt: now + batchMs, open: true }
      this.#open.set(id, unit)
    }
    unit.jobs.push(job)
    unit.bytes += job.text.length
    if (unit.jobs.length >= mapping.batch!.size) this.#close(id, unit)
    return unit
  }

  /** Closes those whose time has come, or all. */
  close(now: number): void {
    for (const [id, unit] of this.#open) if (unit.closesAt <= now) this.#close(id, unit)
  }

  get nextAt(): number | undefined {
    // Made in the order in which they close.
    for (const unit of this.#open.values()) return unit.closesAt
    return undefined
  }

  #close(id: string, unit: Unit): void {
    unit.open = false
    this.#open.delete(id)
    this.closed.push(unit)
  }
}
