/** The operator's OAuth applications at the vendors (DST-10): one setting, JSON by metadata id. Needed to refresh the tokens of destinations. */
import { Data, Effect, Option, Redacted } from "effect"

export interface OAuthClient {
  readonly clientId: string
  readonly clientSecret: string
}

/** Tells nothing of what was set: it holds secrets. */
export class OAuthClientsInvalid extends Data.TaggedError("OAuthClientsInvalid")<{ readonly problem: string }> {
  override get message() {
    return `BRAID_OAUTH_CLIENTS: ${this.problem}. Expected JSON like {"<metadata id>": {"clientId": "…", "clientSecret": "…"}}.`
  }
}

const invalid = (problem: string) => Effect.fail(new OAuthClientsInvalid({ problem }))
const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

export const parseOAuthClients = (
  setting: Option.Option<Redacted.Redacted>
): Effect.Effect<ReadonlyMap<string, OAuthClient>, OAuthClientsInvalid> =>
  Effect.suspend(() => {
    const clients = new Map<string, OAuthClient>()
    if (Option.isNone(setting)) return Effect.succeed(clients)
    let parsed: unknown
    try {
      parsed = JSON.parse(Redacted.value(setting.value))
    } catch {
      return invalid("it is not JSON")
    }
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return invalid("it is no object")
    for (const [id, client] of Object.entries(parsed)) {
      if (!/^[0-9a-f]{24}$/.test(id)) return invalid(`"${id}" is no metadata id of 24 hex digits`)
      const { clientId, clientSecret } = (client ?? {}) as Partial<OAuthClient>
      if (!isText(clientId) || !isText(clientSecret))
        return invalid(`the client of ${id} needs the texts clientId and clientSecret`)
      clients.set(id, { clientId, clientSecret })
    }
    return Effect.succeed(clients)
  })
