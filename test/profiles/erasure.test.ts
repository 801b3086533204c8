/** What a deletion would erase, before it is asked for (IDR-162). */
import { expect, it } from "vitest"
import { answered, ask, codeOf, fileSpace, send } from "../support/managed-api.ts"

const query = `query ($ids: [String!]!) { erasurePreview(userIds: $ids) { spaceId mergedSegmentIds identifiers { type id } events } }`

it("IDR-162: a preview lists every id of the profile that goes, other user ids included", async () => {
  await send(
    "src_web",
    { type: "identify", userId: "u1", anonymousId: "a1" },
    { type: "identify", anonymousId: "a2", context: { traits: { email: "u1@x.io" } } },
    { type: "track", event: "E", userId: "u1", context: { traits: { email: "u1@x.io" } } },
    { type: "track", event: "E", userId: "u2" }
  )
  const { erasurePreview } = await answered(ask("pt_owner", query, { ids: [" u1 ", "nobody"] }))
  expect(erasurePreview).toEqual([
    {
      spaceId: fileSpace,
      mergedSegmentIds: [expect.stringMatching(/^use_/)],
      identifiers: expect.arrayContaining([
        { type: "user_id", id: "u1" },
        { type: "anonymous_id", id: "a1" },
        { type: "anonymous_id", id: "a2" },
        { type: "email", id: "u1@x.io" }
      ]),
      events: 3
    }
  ])
  expect(await codeOf(ask("pt_admin", query, { ids: ["u1"] }))).toBe("FORBIDDEN")
})
