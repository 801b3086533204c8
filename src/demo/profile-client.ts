/** Reads profiles as a user's program would: over HTTP, with an access token. */
import { Data, Effect } from "effect"

export class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly what: string; readonly reason: string }> {
  override get message() {
    return `${this.what} gave no answer that the demo understands: ${this.reason}`
  }
}

interface Connection<A> {
  readonly edges: ReadonlyArray<{ readonly node: A }>
}

export interface DemoProfile {
  readonly segmentId: string
  readonly traits: Connection<{ readonly key: string; readonly value: unknown }>
  readonly externalIds: Connection<{ readonly type: string; readonly id: string }>
  readonly events: Connection<{ readonly type: string }>
  readonly metadata: { readonly mergeCount: number }
}

const query = `
  query Person($spaceId: ID!, $type: String!, $id: String!) {
    profile(spaceId: $spaceId, by: { externalId: { type: $type, id: $id } }) {
      segmentId
      traits(first: 20) { edges { node { key value } } }
      externalIds(first: 20) { edges { node { type id } } }
      events(first: 50, types: [IDENTIFY, TRACK, PAGE, SCREEN]) { edges { node { type } } }
      metadata { mergeCount }
    }
  }`

const json = (what: string, url: string, init?: RequestInit): Effect.Effect<unknown, NoAnswer> =>
  Effect.tryPromise({
    try: async () => {
      const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) })
      if (!answer.ok) throw new Error(`status ${answer.status}: ${(await answer.text()).slice(0, 200)}`)
      return (await answer.json()) as unknown
    },
    catch: (cause) => new NoAnswer({ what, reason: cause instanceof Error ? cause.message : String(cause) })
  })

export const makeProfileClient = (url: string, spaceId: string, token: string) => ({
  profile: (type: string, id: string): Effect.Effect<DemoProfile | null, NoAnswer> =>
    json("The Profile API", `${url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables: { spaceId, type, id } })
    }).pipe(
      Effect.flatMap((answer) => {
        const { data, errors } = answer as {
          data?: { profile: DemoProfile | null }
          errors?: ReadonlyArray<{ message: string }>
        }
        return data === undefined || errors !== undefined
          ? Effect.fail(new NoAnswer({ what: "The Profile API", reason: errors?.[0]?.message ?? "no data" }))
          : Effect.succeed(data.profile)
      })
    ),
  /** Accepted events of the space that are not resolved yet. */
  lag: json("The health page", `${url}/health`).pipe(
    Effect.map((answer) => {
      const { spaces } = answer as { spaces: ReadonlyArray<{ id: string; lag: number }> }
      return spaces.find((space) => space.id === spaceId)?.lag ?? 0
    })
  )
})

export type ProfileClient = ReturnType<typeof makeProfileClient>
