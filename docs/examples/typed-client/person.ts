/** What a support page shows of a person who is known by an e-mail address: who they are, and everything of the last 14 days. */
import type { ProfileApi } from "./client.ts"
import { person, type PersonEvent, personEvents, type PersonEventsData } from "./person.gql.ts"

export interface Person {
  readonly segmentId: string
  readonly traits: Readonly<Record<string, unknown>>
  readonly seenAt: Date
  /** How many profiles were merged into this one. */
  readonly merged: number
  readonly events: ReadonlyArray<PersonEvent>
}

/** Null: nobody is known by it. */
export const personByEmail = async (api: ProfileApi, space: string, email: string): Promise<Person | null> => {
  // Stored in lower case, and found exactly as stored.
  const by = { externalId: { type: "email", id: email.toLowerCase() } }
  const { profile } = await api.ask(person, { space, by })
  if (profile === null) return null

  const events: Array<PersonEvent> = []
  let after: string | null = null
  do {
    const page: PersonEventsData = await api.ask(personEvents, { space, by, after })
    if (page.profile === null) break
    const { edges, pageInfo } = page.profile.events
    events.push(...edges.map(({ node }) => node))
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)

  return {
    segmentId: profile.segmentId,
    traits: Object.fromEntries(profile.traits.edges.map(({ node }) => [node.key, node.value])),
    seenAt: new Date(profile.metadata.updatedAt),
    merged: profile.metadata.mergeCount,
    events
  }
}
