/**
 * What becomes of an event on its way to one destination: stages 5 to 13 of DST-30, in that order, one file each.
 *
 *     sent client-side -> consent -> integrations object -> schema switches -> settings -> type -> filters -> triggers
 *
 * Pure and without Effect: it runs for every event and every destination. The event is read and never changed; what comes out
 * shares with it what no filter touched. Everything is decided once, here, and holds for all attempts (DST-34).
 *
 * Elsewhere: who is asked at all (stage 4), encryption, which is done at each attempt (`encrypt.ts`, stage 15), and what follows.
 * Storage destinations take events without any of this.
 */
import type { Destination, Mapping } from "../destination.ts"
import { lacksSettings, unsupportedType } from "./accepts.ts"
import { notConsented } from "./consent.ts"
import { applyFilters } from "./filters.ts"
import { filteredByIntegrations, replayedTo } from "./integrations.ts"
import { sentClientSide } from "./sent-client-side.ts"
import type { Payload, Stopped } from "./stopped.ts"
import { matchedMappings } from "./triggers.ts"

export type Routed =
  | { readonly stopped: Stopped }
  | {
      readonly stopped?: undefined
      /** As it is after stage 13: what jobs store. */
      readonly event: Payload
      /** Those that matched, in the order of their creation; empty for classic destinations, which get one job. */
      readonly mappings: ReadonlyArray<Mapping>
    }

const none: ReadonlyArray<Mapping> = []
const unknownEntry: Stopped = { code: "UNKNOWN_INTEGRATION" }

/** `event`: a stored message, parsed. In a replay the integrations object is replaced, but consent is judged as it was. */
export const route = (destination: Destination, event: Payload, options?: { readonly replay?: boolean }): Routed => {
  if (destination.unknownEntry === true) return { stopped: unknownEntry }
  const before = sentClientSide(destination, event) ?? notConsented(destination, event)
  if (before !== undefined) return { stopped: before }
  const addressed = options?.replay === true ? replayedTo(destination, event) : event
  const stopped =
    filteredByIntegrations(destination, addressed) ??
    lacksSettings(destination) ??
    unsupportedType(destination, addressed)
  if (stopped !== undefined) return { stopped }
  const filtered = applyFilters(destination.filters, addressed)
  if (filtered.stopped !== undefined) return filtered
  if (destination.entry.kind === "classic") return { event: filtered.event, mappings: none }
  const matched = matchedMappings(destination.mappings, filtered.event)
  return "code" in matched ? { stopped: matched } : { event: filtered.event, mappings: matched }
}
