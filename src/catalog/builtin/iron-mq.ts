/** Iron.io (ADM-123): every event becomes a message of the queue `segment`, a buffer in front of a customer's own worker. */
import { ownField } from "../own-settings.ts"
import { ofError, ofStatus, retryAfter } from "../outcome.ts"
import { type Builtin, ownEntry } from "./builtin.ts"

/** Messages a call. */
const most = 100

const required = (key: string, label: string, description: string, type: "string" | "password" = "string") =>
  ownField({ key, type, label, description, required: true })

export const ironMq: Builtin = {
  entry: ownEntry({
    id: "54521fd725e721e32a72eec5",
    slug: "iron-io",
    name: "Iron.io",
    description: "Puts every event into a message queue, from which a worker of yours takes it at its own pace.",
    categories: ["Raw Data"],
    kind: "classic",
    settings: [
      {
        ...required("endpoint", "Endpoint", "Address of the queue server, e.g. https://mq-aws-us-east-1-1.iron.io."),
        format: "uri"
      },
      required("projectId", "Project ID", "Of the project that has the queue."),
      required("token", "Token", "OAuth token of the project.", "password")
    ]
  }),
  call: async (settings, events, send) => {
    const base = String(settings["endpoint"]).replace(/\/+$/, "")
    const url = `${base}/3/projects/${encodeURIComponent(String(settings["projectId"]))}/queues/segment/messages`
    const headers = { "content-type": "application/json", authorization: `OAuth ${String(settings["token"])}` }
    const groups = Array.from({ length: Math.ceil(events.length / most) }, (_, i) =>
      events.slice(i * most, (i + 1) * most)
    )
    const outcomes = await Promise.all(
      groups.map(async (group) => {
        const body = Buffer.from(JSON.stringify({ messages: group.map((event) => ({ body: event })) }))
        try {
          const answer = await send({ method: "POST", url, headers, body })
          const said = answer.body.toString("utf8", 0, 500) || `The queue answered ${answer.status}`
          const outcome = ofStatus(answer.status, said, retryAfter(answer.headers["retry-after"], Date.now()))
          return group.map(() => outcome)
        } catch (error) {
          return group.map(() => ofError(error))
        }
      })
    )
    return outcomes.flat()
  }
}
