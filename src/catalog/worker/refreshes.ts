/**
 * Refreshing OAuth tokens (DEL-12): of one destination one refresh at a time, and one for all calls that were refused with the same token,
 * also for those that learn of it late. A second refresh with a refresh token that was rotated away would end the connection.
 */
import { ofError, RefreshRefused } from "../outcome.ts"
import type { OAuthTokens } from "../runner.ts"

const maxKnown = 10_000

interface Refresh {
  readonly from: string
  readonly done: Promise<OAuthTokens>
}

const property = (value: unknown, key: string): string | undefined => {
  const found: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined
  return typeof found === "string" && found !== "" ? found : undefined
}

/** What a refresh answered; a refresh token that it does not name stays as it was. */
const tokensFrom = (answer: unknown, before: OAuthTokens): OAuthTokens => {
  const accessToken = property(answer, "accessToken")
  if (accessToken === undefined) throw new RefreshRefused("the destination answered without an access token")
  return { accessToken, refreshToken: property(answer, "refreshToken") ?? before.refreshToken }
}

/** A refusal is final; a server that could not be reached may be there the next time. */
const judged = (error: unknown): unknown => {
  const outcome = ofError(error)
  return outcome.kind === "failed" && !outcome.retry ? new RefreshRefused(outcome.message) : error
}

export class Refreshes {
  private readonly known = new Map<string, Refresh>()

  /** `store` is done before anybody uses the tokens. */
  run(
    instance: string,
    before: OAuthTokens,
    refresh: () => Promise<unknown>,
    store: (tokens: OAuthTokens) => Promise<void>
  ): Promise<OAuthTokens> {
    const last = this.known.get(instance)
    if (last !== undefined && last.from === before.accessToken) return last.done
    const renew = async () => {
      await last?.done.catch(() => undefined)
      let answer: unknown
      try {
        answer = await refresh()
      } catch (error) {
        throw judged(error)
      }
      const tokens = tokensFrom(answer, before)
      await store(tokens)
      return tokens
    }
    const mine: Refresh = { from: before.accessToken, done: renew() }
    if (this.known.size >= maxKnown) this.known.clear()
    this.known.set(instance, mine)
    mine.done.catch(() => {
      if (this.known.get(instance) === mine) this.known.delete(instance)
    })
    return mine.done
  }
}
