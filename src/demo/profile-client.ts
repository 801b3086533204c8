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

const person = `
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

export const makeProfileClient = (url: string, spaceId: string, token: string) => {
  const ask = <A>(query: string, variables: object): Effect.Effect<A, NoAnswer> =>
    json("The Profile API", `${url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables })
    }).pipe(
      Effect.flatMap((answer) => {
        const { data, errors } = answer as { data?: A | null; errors?: ReadonlyArray<{ message: string }> }
        return data === undefined || data === null || errors !== undefined
          ? Effect.fail(new NoAnswer({ what: "The Profile API", reason: errors?.[0]?.message ?? "no data" }))
          : Effect.succeed(data)
      })
    )
  return {
    profile: (type: string, id: string): Effect.Effect<DemoProfile | null, NoAnswer> =>
      Effect.map(ask<{ profile: DemoProfile | null }>(person, { spaceId, type, id }), ({ profile }) => profile),
    /** How many persons the space knows. */
    people: Effect.map(
      ask<{ spaces: ReadonlyArray<{ profileCount: number }> }>("{ spaces { profileCount } }", {}),
      ({ spaces }) => spaces[0]?.profileCount ?? 0
    ),
    /** Accepted events of the space that are not resolved yet. */
    lag: json("The health page", `${url}/health`).pipe(
      Effect.map((answer) => {
        const { spaces } = answer as { spaces: ReadonlyArray<{ id: string; lag: number }> }
        return spaces.find((space) => space.id === spaceId)?.lag ?? 0
      })
    )
  }
}

export type ProfileClient = ReturnType<typeof makeProfileClient>
