/**
 * Events of one source as line-separated JSON (ING-175), in the order of a replay (ING-174), as they are stored; bounded memory, whatever the
 * range. `forImport` leaves out what would make them duplicates or shift their times when they are sent again (ING-170).
 */
import { Stream } from "effect"
import type { History, HistoryFailed, ReceivedRange, SortFailed } from "./history.ts"

const newLine = Buffer.from("\n")

/** Given by the server, or of the first sending. */
const notSentAgain = ["messageId", "sentAt", "receivedAt", "originalTimestamp", "projectId", "version"] as const

const importable = (body: Uint8Array): Buffer => {
  const message = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString()) as Record<
    string,
    unknown
  >
  for (const member of notSentAgain) delete message[member]
  return Buffer.from(JSON.stringify(message))
}

/** A buffer for each page of events; it shares no memory with them. */
export const eventLines = (
  history: Pick<History["Service"], "readByTime">,
  range: ReceivedRange,
  forImport: boolean
): Stream.Stream<Buffer, HistoryFailed | SortFailed> =>
  history
    .readByTime(range)
    .pipe(
      Stream.map((events) =>
        Buffer.concat(events.flatMap(({ body }) => [forImport ? importable(body) : body, newLine]))
      )
    )
