/** People that several test files read: kim, who was merged twice, and a hundred members of seven teams. */
import { expect } from "vitest"
import type { TestApi } from "./api.ts"

export const now = Date.now()
export const ago = (ms: number): string => new Date(now - ms).toISOString()

/** `p0` … `p0-2`: W-7, then a second merge into an older profile. `many-0` … `many-99`: one user and one team each. */
export const sendPeople = async (api: TestApi): Promise<void> => {
  await api.send(
    { type: "identify", messageId: "p0", userId: "kim", timestamp: ago(10_000) },
    { type: "page", messageId: "w7-1", anonymousId: "5285bc35", timestamp: ago(9000) },
    {
      type: "identify",
      messageId: "w7-2",
      anonymousId: "5285bc35",
      traits: { email: "jane.kim@segment.com", plan: "free", age: 33 },
      timestamp: ago(8000)
    },
    { type: "page", messageId: "w7-3", anonymousId: "b50e18a5", name: "Pricing", timestamp: ago(7000) },
    {
      type: "identify",
      messageId: "w7-4",
      anonymousId: "b50e18a5",
      traits: { email: "jane.kim@segment.com", plan: "pro" },
      timestamp: ago(6000)
    },
    {
      type: "track",
      event: "Signed In",
      messageId: "p0-2",
      userId: "kim",
      anonymousId: "b50e18a5",
      timestamp: ago(5000)
    }
  )
  await api.send(
    ...Array.from({ length: 100 }, (_, i) => ({
      type: "group" as const,
      messageId: `many-${i}`,
      userId: `many-${i}`,
      groupId: `team-${i % 7}`,
      traits: { name: "Team" },
      timestamp: ago(4000 - i)
    })),
    ...Array.from({ length: 100 }, (_, i) => ({
      type: "identify" as const,
      messageId: `many-t-${i}`,
      userId: `many-${i}`,
      traits: { number: i },
      timestamp: ago(3000)
    }))
  )
}

export const external = (type: string, id: string) => ({ externalId: { type, id } })

export const profileQuery = (
  selection: string
): string => `query ($spaceId: ID!, $by: ProfileRef!, $collection: Collection = USERS) {
  profile(spaceId: $spaceId, collection: $collection, by: $by) { ${selection} } }`

/** The `data.profile` of one look-up; fails on errors. */
export const readProfile = async (api: TestApi, by: object, selection: string, collection = "USERS") => {
  const { body } = await api.graphql(profileQuery(selection), { spaceId: api.space.id, by, collection })
  expect(body.errors).toBeUndefined()
  return body.data.profile
}
