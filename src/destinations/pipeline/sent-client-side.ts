/** Stage 5: the device has sent it to the tool already (DST-25). */
import type { Destination } from "../destination.ts"
import { own, type Payload, type Stopped } from "./stopped.ts"

const sent: Stopped = { code: "MESSAGE_SENT_CLIENT_SIDE" }

/** Ids alone decide where there are any: a cloud instance beside a device instance has the same names, but another id. */
export const sentClientSide = ({ entry, id }: Destination, event: Payload): Stopped | undefined => {
  const metadata = own(event, "_metadata")
  if (metadata === undefined) return undefined
  const ids = own(metadata, "bundledIds")
  if (Array.isArray(ids) && ids.length > 0) return ids.includes(id) ? sent : undefined
  const names = own(metadata, "bundled")
  return Array.isArray(names) && entry.names.some((name) => names.includes(name)) ? sent : undefined
}
