/**
 * How often, and in which way, the space had to look at each event, from what was connected when (IDR-12, IDR-13): in a replay what was
 * received before the connection was admitted, one by one what came later. Written from the spec; the place of admission is
 * the service's own.
 */
import type { Accepted } from "./memory-log.ts"
import type { Connected } from "./world.ts"

export interface Handling {
  readonly connection: number
  readonly way: "replayed" | "live"
  /** False: it may have been left out, because the source was disconnected or the event erased in the middle. */
  readonly isCertain: boolean
}

export interface Admitted {
  readonly connection: number
  readonly replay: number
  readonly place: number
}

export const handlingsOf = (
  { position, receivedAt, source }: Accepted,
  connections: ReadonlyArray<Connected>,
  admitted: ReadonlyMap<number, Admitted>,
  isErased: boolean
): ReadonlyArray<Handling> =>
  connections.flatMap((connected): ReadonlyArray<Handling> => {
    const { no, receivedFrom, until, isVague } = connected
    if (connected.source !== source) return []
    const isCertain = !isVague && !isErased
    const place = admitted.get(no)?.place
    // Disconnected before anybody had taken note.
    if (place === undefined) return []
    if (position <= place) return receivedAt >= receivedFrom ? [{ connection: no, way: "replayed", isCertain }] : []
    // What was accepted after it was disconnected may still come in where that was not waited for.
    if (position <= until) return [{ connection: no, way: "live", isCertain }]
    return isVague ? [{ connection: no, way: "live", isCertain: false }] : []
  })

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** IDR-134. */
export const oldestFirst = (a: Accepted, b: Accepted): number =>
  a.timestamp - b.timestamp ||
  a.receivedAt - b.receivedAt ||
  compare(a.messageId, b.messageId) ||
  a.position - b.position
