/**
 * What the door counts, as plain numbers: adding is an increment, and a metrics scrape reads them. Labels come from
 * the configuration and from fixed lists, never from a sender, so the number of series is bounded.
 */

interface Family {
  readonly name: string
  readonly description: string
  readonly labels: ReadonlyArray<string>
}

const family = (name: string, description: string, ...labels: ReadonlyArray<string>): Family => ({
  name: `braid_${name}_total`,
  description,
  labels
})

const families = {
  requests: family("tracking_requests", "Answers of the Tracking API", "status"),
  accepted: family("messages_accepted", "Messages stored", "source"),
  duplicates: family("messages_duplicate", "Messages whose id was stored before (ING-65)", "source"),
  discarded: family("messages_discarded", "Messages that were not kept (ING-95)", "source", "code"),
  blocked: family("messages_blocked", "Messages that the schema of their source keeps out (ING-134)", "source", "code"),
  suppressed: family("messages_suppressed", "Messages of suppressed users, of which nothing is kept (PRV-7)", "source"),
  warnings: family("message_warnings", "Oddities of kept messages (ING-98)", "source", "code"),
  reasons: family("tracking_request_reasons", "Request-level reasons (ING-43, ING-97)", "source", "code"),
  refused: family("tracking_refused", "Requests that were not processed, by error code", "code"),
  unknownKeys: family("unknown_write_keys", "Requests with a write key that belongs to no source (ING-18)"),
  keyMismatches: family("write_key_mismatches", "Requests whose header and body name different write keys (ING-16)"),
  retried: family("tracking_retried_requests", "Requests that a client sent again (X-Retry-Count)"),
  selfMetrics: family("client_self_metrics", "Reports of client libraries about themselves (ING-11)"),
  pixelDropped: family("pixel_dropped", "Pixel calls that could not be stored (ING-34)"),
  late: family("tracking_late_commits", "Commits that came after their request was answered 503 (ING-10)")
} as const
export type FamilyName = keyof typeof families

/** One series; `count` only grows. */
export interface Series {
  readonly family: Family
  readonly values: ReadonlyArray<string>
  count: number
}

export class Counters {
  private readonly series = new Map<FamilyName, Map<string, Series>>()
  private readonly created: (series: Series) => void

  /** `created` is told of each series when it first appears. */
  constructor(created: (series: Series) => void = () => {}) {
    this.created = created
  }

  add(name: FamilyName, first = "", second = "", amount = 1): void {
    let ofFamily = this.series.get(name)
    if (ofFamily === undefined) this.series.set(name, (ofFamily = new Map()))
    const key = second === "" ? first : `${first}\n${second}`
    let series = ofFamily.get(key)
    if (series === undefined) {
      const family = families[name]
      series = { family, values: [first, second].slice(0, family.labels.length), count: 0 }
      ofFamily.set(key, series)
      this.created(series)
    }
    series.count += amount
  }

  get(name: FamilyName, first = "", second = ""): number {
    return this.series.get(name)?.get(second === "" ? first : `${first}\n${second}`)?.count ?? 0
  }
}
