/** How many destinations of one entry a source may have, how they are called, and in which mode they work (DST-5, DST-6, DST-26). */
import { Effect } from "effect"
import type { CatalogEntry } from "../../catalog/entry.ts"
import { givenName } from "../../workspace/given-name.ts"
import type { SourceKind } from "../../workspace/workspace.ts"
import { type DestinationRefused, invalid, refused } from "./refused.ts"
import type { DestinationRow } from "./rows.ts"

const maxCloudInstances = 25
const longestName = 120

type Mode = DestinationRow["connectionMode"]

const modesOf = (entry: CatalogEntry): ReadonlyArray<Mode> => [
  ...(entry.cloudModeInstances === "NONE" ? [] : ["cloud" as const]),
  ...(entry.deviceModeInstances === "NONE" ? [] : ["device" as const])
]

/** Cloud where it is possible; entries with one mode have that. */
export const chooseMode = (entry: CatalogEntry, asked: Mode | undefined): Effect.Effect<Mode, DestinationRefused> => {
  const [first = "cloud", ...others] = modesOf(entry)
  const mode = asked ?? first
  return mode === first || others.includes(mode)
    ? Effect.succeed(mode)
    : Effect.fail(
        invalid("CONNECTION_MODE_UNSUPPORTED", `${entry.name} works in ${first} mode only.`, "connectionMode")
      )
}

const onlyOne = (entry: CatalogEntry, why: string): DestinationRefused =>
  refused(
    "conflict",
    "MULTI_INSTANCE_UNSUPPORTED",
    `${entry.name} can be connected to a source only once${why}. Change the destination that is there.`
  )

/** `others`: destinations of the same entry on the same source, without the one that is made or changed. */
export const checkInstances = (
  entry: CatalogEntry,
  kind: SourceKind,
  mode: Mode,
  others: ReadonlyArray<Pick<DestinationRow, "connectionMode">>
): Effect.Effect<void, DestinationRefused> => {
  const inMode = others.filter(({ connectionMode }) => connectionMode === mode).length
  if (entry.kind === "storage" && others.length > 0) return Effect.fail(onlyOne(entry, ""))
  if (kind === "mobile" && modesOf(entry).length > 1 && others.length > 0)
    return Effect.fail(onlyOne(entry, " of a mobile app, because it has a device mode"))
  const allowed = mode === "cloud" ? entry.cloudModeInstances : entry.deviceModeInstances
  if (inMode > 0 && (mode === "device" || allowed !== "MULTIPLE"))
    return Effect.fail(onlyOne(entry, mode === "device" ? " in device mode" : ""))
  if (inMode >= maxCloudInstances)
    return Effect.fail(
      invalid("INSTANCE_LIMIT", `A source has at most ${maxCloudInstances} destinations of ${entry.name}.`, "sourceId")
    )
  return Effect.void
}

/** `taken`: names of the other destinations of the source. */
export const checkName = (name: string, taken: ReadonlySet<string>): Effect.Effect<string, DestinationRefused> => {
  const given = givenName(name, longestName)
  if (given === undefined)
    return Effect.fail(
      invalid("NAME_INVALID", `Give the destination a name of 1 to ${longestName} visible characters.`, "name")
    )
  return taken.has(given)
    ? Effect.fail(
        refused(
          "conflict",
          "NAME_TAKEN",
          `The source has a destination "${given}" already. Choose a name that tells them apart, for example by region or team.`,
          "name"
        )
      )
    : Effect.succeed(given)
}

/** `Mixpanel`, `Mixpanel 2`, … */
export const freeName = (name: string, taken: ReadonlySet<string>): string => {
  const short = [...name.trim()].slice(0, longestName - 8).join("")
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? short : `${short} ${n}`
    if (!taken.has(candidate)) return candidate
  }
}

/** DEL-6. */
export const checkRate = (rate: number | null | undefined): Effect.Effect<number | null, DestinationRefused> =>
  rate === undefined || rate === null || (Number.isFinite(rate) && rate > 0)
    ? Effect.succeed(rate ?? null)
    : Effect.fail(
        invalid(
          "RATE_INVALID",
          "The events per second are a number above 0; null for as many as it takes.",
          "maxEventsPerSecond"
        )
      )
