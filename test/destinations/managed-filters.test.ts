/** Destination filters, as they are saved and shown. */
import { describe, expect, it } from "vitest"
import { applyFilters } from "../../src/destinations/pipeline/filters.ts"
import { auditOf, make, manage, rawLogs, refusal, snapshot } from "../support/managed-destinations.ts"
import { track } from "./given.ts"

describe("filters", () => {
  const drop = { title: "No mail", if: "all", actions: [{ type: "DROP" }], enabled: true }
  it("AC4-16: the 11th filter, 65 characters of title, 5,121 bytes", async () => {
    const { id } = await make("filters")
    const refuses = (changes: object) => refusal((it) => it.createFilter("kim", id, { ...drop, ...changes }))
    expect(await refuses({ title: "x".repeat(65) })).toBe("invalid FILTER_TITLE")
    expect(await refuses({ if: `event = '${"x".repeat(5111)}'` })).toBe("invalid FQL_INVALID")
    for (let n = 0; n < 10; n++)
      await manage((it) =>
        it.createFilter("kim", id, { ...drop, title: "x".repeat(64), if: `event = '${"x".repeat(5110)}'` })
      )
    expect(await refuses({})).toBe("invalid FILTER_LIMIT")
  })

  it.each([
    ["FQL_INVALID", { if: "event == 'x'" }],
    ["FILTER_ACTION", { actions: [] }],
    ["FILTER_ACTION", { actions: [{ type: "EXPLODE" }] }],
    ["FILTER_PERCENT", { actions: [{ type: "SAMPLE", percent: 1.1 }] }],
    ["FILTER_PERCENT", { actions: [{ type: "SAMPLE" }] }],
    ["FILTER_FIELDS", { actions: [{ type: "DROP_PROPERTIES" }] }],
    ["FILTER_FIELDS", { actions: [{ type: "DROP_PROPERTIES", fields: { properties: ["product 1"] } }] }],
    ["FILTER_FIELDS", { actions: [{ type: "ALLOW_PROPERTIES", fields: { "my props": ["a"] } }] }],
    ["FILTER_PROTECTED_FIELD", { actions: [{ type: "drop_properties", fields: { "": ["userId", "messageId"] } }] }],
    ["FILTER_SOURCE", { sourceId: "src_names" }]
  ])("%s: %j", async (code, changes) => {
    const [{ id } = await make("filters")] = (await manage((it) => it.destinations("src_filters"))).slice(1)
    expect(await refusal((it) => it.createFilter("kim", id, { ...drop, ...changes }))).toBe(`invalid ${code}`)
  })

  it("FILTER_STORAGE: raw logs have none", async () => {
    const { id } = await make("filters", { metadataId: rawLogs.id, settings: {} })
    expect(await refusal((it) => it.createFilter("kim", id, drop))).toBe("invalid FILTER_STORAGE")
  })

  it("DST-52, DST-64: older names and any case are stored in one spelling; recipes are saved word for word", async () => {
    const { id, sourceId } = await make("filters")
    const older = await manage((it) =>
      it.createFilter("kim", id, {
        ...drop,
        sourceId,
        actions: [
          { type: "whitelist_fields", fields: { properties: ["a"] } },
          { type: "Sample_Event", percent: 0.2, path: "userId" },
          { type: "drop_event" }
        ]
      })
    )
    expect(older).toMatchObject({
      sourceId,
      destinationId: id,
      actions: [
        { type: "ALLOW_PROPERTIES", fields: { properties: ["a"] } },
        { type: "SAMPLE", percent: 0.2, path: "userId" },
        { type: "DROP" }
      ]
    })
    expect((await snapshot()).byId.get(id)!.filters.map(({ type }) => type)).toEqual([
      "SAMPLE",
      "DROP",
      "ALLOW_PROPERTIES"
    ])
    const recipes = [
      "length( userId ) < 1",
      "(received_at >= '2023-04-21T19:55:00.933Z')",
      "(received_at < '2023-04-21T19:55:00.933Z')",
      "!( event = 'User Signed Up' or event = 'Demo Requested' )",
      "!( type = 'track' )",
      "event = 'Order Completed' and contains( properties.email, '@segment.com' )",
      "event = 'Video Heartbeat'"
    ]
    for (const recipe of recipes) {
      const saved = await manage((it) => it.createFilter("kim", id, { ...drop, if: recipe }))
      // Texts have no order in browsers (DST-23).
      expect([saved.if, saved.cloudModeOnly]).toEqual([recipe, recipe.includes("received_at")])
    }
  })

  it("AC4-72: what no form can show is text, and stays as it was when only its title changes", async () => {
    const { id } = await make("filters")
    const nested = {
      ...drop,
      if: "type = 'track' and (event = 'A' or length( userId ) < 1)",
      actions: [{ type: "SAMPLE", percent: 0.1 }]
    }
    const made = await manage((it) => it.createFilter("kim", id, nested))
    expect([made.conditions, made.cloudModeOnly]).toEqual([null, false])
    const renamed = await manage((it) => it.updateFilter("kim", id, made.id, { title: "Renamed" }))
    expect(renamed).toMatchObject({ if: nested.if, actions: nested.actions, title: "Renamed" })
    const form = await manage((it) => it.createFilter("kim", id, { ...drop, if: "!( type = 'track' )" }))
    expect(form.conditions).toMatchObject({
      negated: true,
      conditions: [{ path: "type", operator: "is", value: "track" }]
    })
  })

  it("AC4-23: what is not saved can be tried", async () => {
    const steps = await manage((it) => it.filterSteps({ if: "event = 'A'", actions: [{ type: "DROP" }] }))
    expect(applyFilters(steps, track("A")).stopped?.code).toBe("FILTERED_BY_RULES")
    expect(applyFilters(steps, track("B")).stopped).toBeUndefined()
    expect(await refusal((it) => it.filterSteps({ if: "event ==", actions: [{ type: "DROP" }] }))).toBe(
      "invalid FQL_INVALID"
    )
  })

  it("AC8-20: disabling is audited with before and after; a deleted filter is gone", async () => {
    const { id } = await make("filters")
    const { id: filter } = await manage((it) => it.createFilter("kim", id, drop))
    await manage((it) => it.updateFilter("lee", id, filter, { enabled: false }))
    expect((await snapshot()).byId.get(id)!.filters).toEqual([])
    await manage((it) => it.updateFilter("lee", id, filter, { enabled: true, description: "why" }))
    await manage((it) => it.deleteFilter("lee", id, filter))
    expect(await auditOf(`destination filter ${filter}`)).toMatchObject([
      { action: "Destination Filter Created" },
      { action: "Destination Filter Disabled", before: '{"enabled":true}', after: '{"enabled":false}' },
      { action: "Destination Filter Modified", before: '{"description":null}', after: '{"description":"why"}' },
      { action: "Destination Filter Enabled" },
      { action: "Destination Filter Deleted" }
    ])
    expect(await refusal((it) => it.filter(id, filter))).toBe("not-found NOT_FOUND")
  })
})
