/** What the published catalog brings can be saved as it is: presets, defaults of actions, triggers (DST-85, DST-88). */
import { Effect } from "effect"
import { beforeAll, expect, it } from "vitest"
import { catalogLive } from "../../src/catalog/catalog-live.ts"
import type { CatalogEntry } from "../../src/catalog/entry.ts"
import { Catalog } from "../../src/catalog/runner.ts"
import { expandKeys } from "../../src/destinations/expand-keys.ts"
import { mappingProblems } from "../../src/destinations/manage/directives.ts"
import { defaultDraft } from "../../src/destinations/manage/manage-mappings.ts"
import { missingFields } from "../../src/destinations/required.ts"
import { compileTrigger } from "../../src/destinations/trigger.ts"
import { track } from "./given.ts"

let entries: ReadonlyArray<CatalogEntry>
beforeAll(async () => {
  entries = await Effect.runPromise(
    Effect.flatMap(Catalog, (catalog) => catalog.entries).pipe(Effect.provide(catalogLive))
  )
})

const drafts = () =>
  entries.flatMap((entry) => [
    ...entry.actions.map((action) => ({ entry, action, preset: undefined, draft: defaultDraft(action, undefined) })),
    ...entry.presets.flatMap((preset) => {
      const action = entry.actions.find(({ slug }) => slug === preset.actionSlug)
      return action === undefined ? [] : [{ entry, action, preset, draft: defaultDraft(action, preset) }]
    })
  ])

it("every mapping that it proposes is valid, and its keys are fields", () => {
  const found = drafts()
  expect(found.length).toBeGreaterThan(1100)
  for (const { action, draft, entry } of found) {
    expect([entry.slug, action.slug, mappingProblems(draft.settings, new Set(action.hooks))]).toEqual([
      entry.slug,
      action.slug,
      []
    ])
    expect(expandKeys(draft.settings)).toEqual(draft.settings)
  }
})

it("DST-85: every automatic preset is complete, so that quick set-up enables it", () => {
  const automatic = drafts().filter(({ preset }) => preset?.type === "automatic")
  expect(automatic.length).toBeGreaterThan(400)
  for (const { action, draft, entry } of automatic)
    expect([entry.slug, draft.name, missingFields(action, draft.settings)]).toEqual([entry.slug, draft.name, []])
})

it("DST-88: every trigger is simple, so that it means what it means at Segment", () => {
  const notSimple = drafts().filter(({ draft }) => {
    const compiled = compileTrigger(draft.trigger)
    return compiled.problem !== undefined || !compiled.simple || compiled.trigger !== draft.trigger
  })
  expect(notSimple.map(({ draft, entry }) => [entry.slug, draft.trigger])).toEqual([])
})

it("AC4-31: the preset of Iterable for carts fires for Cart Updated, which it does not as it is published", () => {
  const preset = drafts().find(
    ({ draft, entry, preset }) =>
      entry.slug === "actions-iterable" && preset !== undefined && draft.trigger.includes('event = "Cart Updated"')
  )
  const compiled = compileTrigger(preset!.draft.trigger)
  expect(compiled.problem === undefined && compiled.fires(track("Cart Updated"))).toBe(true)
  expect(compiled.problem === undefined && compiled.fires(track("Cart Viewed"))).toBe(false)
})
