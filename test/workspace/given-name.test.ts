/** Names of what people make: what they may be, and how they are kept. */
import { expect, it } from "vitest"
import { givenName } from "../../src/workspace/given-name.ts"

it.each([
  ["Web", "Web"],
  ["  Web shop \n", "Web shop"],
  ["Läden 🏬", "Läden 🏬"],
  // Counted as people count them.
  ["🏬".repeat(20), "🏬".repeat(20)],
  ["🏬".repeat(21), undefined],
  ["   ", undefined],
  ["half a pair \ud800", undefined],
  ["zero \u0000 byte", undefined],
  ["two\nlines", undefined]
])("DST-5, ING-114: %j is kept as %j", (text, kept) => expect(givenName(text, 20)).toBe(kept))
