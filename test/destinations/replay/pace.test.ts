import { expect, it } from "vitest"
import { perSecondOf } from "../../../src/destinations/replay/pace.ts"

it.each([
  [null, undefined, 100],
  [null, 40, 20],
  [null, 1, 0.5],
  [500, undefined, 500],
  [30, 40, 30],
  [80, 40, 40]
])("DEL-73: asked for %s, the destination takes %s: %s a second", (asked, most, perSecond) => {
  expect(perSecondOf(asked, most)).toBe(perSecond)
})
