/**
 * The two journeys of the specification that the demo shows beside the crowd.
 *
 * W-5: one person of the SegKicks shop moves from an iPhone to an Android phone to a second app and stays one profile.
 * W-7: Jane visits on two devices; the e-mail address she gives on the second one joins two profiles.
 */
import type { DemoCall } from "./call.ts"

const minute = 60 * 1000
const timestamp = (at: number) => new Date(at).toISOString()

const android = (app: string) => ({
  context: { device: { type: "android", id: "and_1a2b3c4d" }, app: { name: app } }
})

/** W-5, five steps. */
export const segKicks = (start: number): ReadonlyArray<DemoCall> => {
  const at = (step: number) => start + step * 10 * minute
  const iPhone = { context: { device: { type: "ios", id: "ios_abc123" }, app: { name: "SegKicks" } } }
  const first = { anonymousId: "anon_123", ...iPhone }
  const userId = "abc123def"
  return [
    { source: "ios", at: at(0), type: "track", params: { ...first, event: "App Opened", timestamp: timestamp(at(0)) } },
    {
      source: "ios",
      at: at(1),
      type: "track",
      params: { ...first, event: "ShoeA Clicked", timestamp: timestamp(at(1)) }
    },
    {
      source: "ios",
      at: at(2),
      type: "identify",
      params: {
        ...first,
        userId,
        traits: { email: "janedoe@example.com", name: "Jane Doe" },
        timestamp: timestamp(at(2))
      }
    },
    {
      source: "android",
      at: at(3),
      type: "track",
      params: {
        userId,
        anonymousId: "anon_456",
        ...android("SegKicks"),
        event: "Signed In",
        timestamp: timestamp(at(3))
      }
    },
    {
      source: "android",
      at: at(4),
      type: "track",
      params: {
        userId,
        anonymousId: "anon_789",
        ...android("SegRuns"),
        event: "Run Finished",
        properties: { kilometers: 7 },
        timestamp: timestamp(at(4))
      }
    }
  ]
}

export const jane = {
  email: "jane.kim@segment.com",
  first: "5285bc35-05ef-4d21",
  second: "b50e18a5-1b8d-451c"
} as const

/** W-7, steps 1 to 3: two visitors, as far as anyone can tell. */
export const janeBefore = (start: number): ReadonlyArray<DemoCall> => {
  const at = (step: number) => start + step * 10 * minute
  return [
    {
      source: "web",
      at: at(0),
      type: "page",
      params: { anonymousId: jane.first, name: "Home", timestamp: timestamp(at(0)) }
    },
    {
      source: "web",
      at: at(1),
      type: "identify",
      params: { anonymousId: jane.first, traits: { email: jane.email, name: "Jane Kim" }, timestamp: timestamp(at(1)) }
    },
    {
      source: "web",
      at: at(2),
      type: "page",
      params: { anonymousId: jane.second, name: "Running Shoes", timestamp: timestamp(at(2)) }
    }
  ]
}

/** W-7, step 4: the same e-mail address on the second device. */
export const janeMerge = (at: number): DemoCall => ({
  source: "web",
  at,
  type: "identify",
  params: { anonymousId: jane.second, traits: { email: jane.email, city: "Portland" }, timestamp: timestamp(at) }
})
