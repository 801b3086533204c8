/** Event filters of a space through GraphQL, end to end: previewed, made, counted, switched, deleted (IDR-14). */
import { describe, expect, it } from "vitest"
import { answered, ask, codeOf, create, send } from "../support/managed-api.ts"

/** Whether the space has a profile of the user. */
const there = async (space: string, user: string) => {
  const query = `query ($id: ID!, $user: String!) { profile(spaceId: $id, by: { externalId: { type: "user_id", id: $user } }) { id } }`
  const { profile } = await answered(ask("pt_owner", query, { id: space, user }, { "braid-space": space }))
  return profile !== null
}

describe("IDR-14: event filters", () => {
  const preview = `query ($fql: String!, $event: JSON!) { previewEventFilter(fql: $fql, event: $event) { matches error } }`

  it.each([
    [`event = 'Spam'`, { event: "Spam" }, true],
    [`event = 'Spam'`, { event: "Ham" }, false],
    [`type = 'track' and length(userId) < 1`, { type: "track" }, true]
  ])("a preview says what %s does with %j: %s", async (fql, event, matches) => {
    expect(await answered(ask("pt_reader", preview, { fql, event }))).toEqual({
      previewEventFilter: { matches, error: null }
    })
  })

  it("a preview shows why a statement cannot be evaluated; a statement that is none is refused", async () => {
    const { previewEventFilter } = await answered(
      ask("pt_reader", preview, { fql: "properties.n", event: { properties: { n: 1 } } })
    )
    expect(previewEventFilter).toEqual({ matches: false, error: expect.stringMatching(/./) })
    const { errors } = await ask("pt_reader", preview, { fql: "event == 'x'", event: {} })
    expect(errors?.[0]).toMatchObject({
      extensions: { code: "VALIDATION_FAILED" },
      message: expect.stringContaining("The filter was refused: ")
    })
    expect(await codeOf(ask("pt_reader", preview, { fql: "event = 'x'", event: [] }))).toBe("VALIDATION_FAILED")
  })

  it("AC2-7: an event that matches an enabled filter makes no profile in this space; the 11th is refused", async () => {
    const id = await create("Filtered")
    const other = await create("Unfiltered")
    for (const space of [id, other])
      await answered(
        ask("pt_owner", `mutation ($id: ID!) { connectSources(spaceId: $id, sourceIds: ["src_srv"]) { state } }`, {
          id: space
        })
      )
    const make = (name: string, fql: string, enabled = true) =>
      ask(
        "pt_owner",
        `mutation ($id: ID!, $name: String!, $fql: String!, $enabled: Boolean) {
          createEventFilter(spaceId: $id, name: $name, fql: $fql, enabled: $enabled) { id enabled fql errorCount }
        }`,
        { id, name, fql, enabled }
      )
    const { createEventFilter: spam } = await answered(make("spam", `event = 'Spam'`))
    await answered(make("off", `event = 'Ham'`, false))
    const { createEventFilter: broken } = await answered(make("broken", `properties.flag`))
    for (let n = 4; n <= 10; n++) await answered(make(`f${n}`, `event = 'E${n}'`))
    expect(await codeOf(make("f11", `event = 'E11'`))).toBe("VALIDATION_FAILED")

    await send(
      "src_srv",
      { userId: "spammer", event: "Spam" },
      { userId: "eater", event: "Ham", properties: { flag: 7 } },
      { userId: "flagged", event: "Flagged", properties: { flag: true } }
    )
    const seen = async (space: string) => Promise.all(["spammer", "eater", "flagged"].map((user) => there(space, user)))
    expect(await seen(id)).toEqual([false, true, false])
    expect(await seen(other)).toEqual([true, true, true])

    const filters = async () => {
      const query = `query ($id: ID!) { space(id: $id) { eventFilters { id enabled errorCount } } }`
      return (await answered(ask("pt_owner", query, { id }))).space.eventFilters as ReadonlyArray<object>
    }
    expect(await filters()).toContainEqual({ id: broken.id, enabled: true, errorCount: 1 })

    await answered(
      ask(
        "pt_owner",
        `mutation ($id: ID!, $spam: ID!, $broken: ID!) {
          setEventFilterEnabled(spaceId: $id, id: $spam, enabled: false) { enabled }
          deleteEventFilter(spaceId: $id, id: $broken)
        }`,
        { id, spam: spam.id, broken: broken.id }
      )
    )
    await send("src_srv", { userId: "spammer", event: "Spam" })
    expect(await there(id, "spammer")).toBe(true)
    expect(await filters()).toHaveLength(9)
  })
})
