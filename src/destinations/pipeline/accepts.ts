/** Stages 9 and 10: whether the destination is set up, and whether its entry takes events of this type. */
import type { CatalogEntry } from "../../catalog/entry.ts"
import type { Destination } from "../destination.ts"
import type { Payload, Stopped } from "./stopped.ts"

const unsupported: Stopped = { code: "UNSUPPORTED_EVENT_TYPE" }

export const lacksSettings = ({ missingSettings }: Destination): Stopped | undefined =>
  missingSettings.length === 0
    ? undefined
    : { code: "INVALID_SETTINGS", detail: `required and missing: ${missingSettings.join(", ")}` }

export const unsupportedType = ({ entry }: Destination, { type }: Payload): Stopped | undefined =>
  takes(entry.supportedMethods, type) ? undefined : unsupported

const takes = (methods: CatalogEntry["supportedMethods"], type: unknown): boolean =>
  typeof type === "string" && Object.hasOwn(methods, type) && methods[type as keyof typeof methods]
