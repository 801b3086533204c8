/**
 * Stages 7 and 8: what the event itself, and the schema of its source, say about who gets it (DST-40 to DST-45).
 *
 * Only `false` blocks, and only `true` or an object asks for the destination; everything else is as good as absent. A key
 * that asks also overrules the switch in the source's schema, which `All` does not.
 */
import type { Destination } from "../destination.ts"
import { isObject, own, type Payload, type Stopped } from "./stopped.ts"

const blocked: Stopped = { code: "FILTERED_BY_INTEGRATIONS_OBJECT" }
const switchedOff: Stopped = { code: "FILTERED_BY_INTEGRATIONS_OBJECT", detail: "schema_integration_filter" }

export const filteredByIntegrations = (destination: Destination, event: Payload): Stopped | undefined => {
  const { entry, schemaBlocks } = destination
  const integrations = event["integrations"]
  let asked = false
  for (const name of entry.names) {
    const value = own(integrations, name)
    // Of several keys that mean this entry, one `false` is enough (DST-41).
    if (value === false) return blocked
    if (value === true || isObject(value)) asked = true
  }
  if (asked) return undefined
  if (!entry.integrationsDefault || own(integrations, "All") === false) return blocked
  return schemaBlocks.size > 0 && schemaBlocks.has(schemaKey(event)) ? switchedOff : undefined
}

/** As in `Destination.schemaBlocks`: Track by name, other types as a whole. */
const schemaKey = ({ event, type }: Payload): string =>
  type === "track" ? `track\n${typeof event === "string" ? event : ""}` : String(type)

/** What a replay makes of the integrations object: for this entry, whatever the event said (DEL-72). */
export const replayedTo = ({ entry }: Destination, event: Payload): Payload => ({
  ...event,
  integrations: { All: false, [entry.name]: true }
})
