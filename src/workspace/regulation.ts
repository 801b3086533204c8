/** Regulations (PRV-1 to PRV-5): requests to suppress or delete what is known of end users, as rows and as the API shows them. */

interface Kind {
  /** New data is blocked. */
  readonly suppresses: boolean
  /** Messages that name the user leave log and archive. */
  readonly deletesMessages: boolean
  /** The person's profile is erased in every space (IDR-162). */
  readonly erasesProfiles: boolean
  /** Quotas are counted apart (PRV-2). */
  readonly category: "internal" | "forwarded"
}

const kind = (
  suppresses: boolean,
  deletes: "nothing" | "messages" | "everything",
  category: Kind["category"] = "internal"
): Kind => ({
  suppresses,
  deletesMessages: deletes !== "nothing",
  erasesProfiles: deletes === "everything",
  category
})

/** PRV-1. A forwarded deletion goes on to destinations (`privacy/forwarded-deletions.ts`); there are no warehouses yet. */
export const regulationKinds = {
  SUPPRESS_ONLY: kind(true, "nothing"),
  UNSUPPRESS: kind(false, "nothing"),
  DELETE_INTERNAL: kind(false, "everything"),
  SUPPRESS_WITH_DELETE_INTERNAL: kind(true, "everything"),
  DELETE_ARCHIVE_ONLY: kind(false, "messages"),
  DELETE_ONLY: kind(false, "everything", "forwarded"),
  SUPPRESS_WITH_DELETE: kind(true, "everything", "forwarded")
} as const satisfies Record<string, Kind>
export type RegulationType = keyof typeof regulationKinds

export const isRegulationType = (value: unknown): value is RegulationType =>
  typeof value === "string" && Object.hasOwn(regulationKinds, value)

/** PRV-3. Of a whole regulation never the last two: what a destination does not support does not lower the total. */
export const regulationStatuses = [
  "INITIALIZED",
  "RUNNING",
  "FINISHED",
  "PARTIAL_SUCCESS",
  "FAILED",
  "INVALID",
  "NOT_SUPPORTED"
] as const
export type RegulationStatus = (typeof regulationStatuses)[number]

export interface Regulation {
  readonly n: number
  readonly id: string
  readonly type: RegulationType
  /** Id of the only source that it is about; null: the whole workspace. */
  readonly source: string | null
  readonly status: RegulationStatus
  readonly subjects: number
  readonly actor: string
  /** ms */
  readonly createdAt: number
  readonly finishedAt: number | null
  /** Why it failed. */
  readonly error: string | null
}

export const maxSubjects = 5_000
/** What Segment allows in a calendar month; above it we only warn, unless a quota is set. */
export const documentedQuota = 110_000
/** Older ones are not shown any more (PRV-4). */
export const shownForMs = 90 * 86_400_000
