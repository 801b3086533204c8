/** Stage 6: consent (DST-46, PRV-60 to PRV-63). */
import { describe, expect, it } from "vitest"
import { destination, entry, type Event, fate, track } from "./given.ts"

// As in the documentation: facebook is mapped to advertising, google-ads to advertising and functional, amplitude to nothing.
const mapped = (name: string, consentCategories: ReadonlyArray<string>) =>
  destination({}, { consentCategories, entry: entry({ name, names: [name] }) })
const destinations = [
  mapped("facebook", ["advertising"]),
  mapped("google-ads", ["advertising", "functional"]),
  mapped("amplitude", [])
]
const who = (consent: unknown, integrations: Event = {}) =>
  destinations
    .filter((to) => fate(to, track("A", { context: consent === undefined ? {} : { consent }, integrations })) === "m1")
    .map(({ entry }) => entry.name)
    .join(" ")
const prefers = (categoryPreferences: unknown) => ({ categoryPreferences })

describe("consent", () => {
  it.each([
    ["absent", undefined, {}, "facebook google-ads amplitude"],
    ["empty, no integrations object", {}, {}, "facebook google-ads amplitude"],
    ["null", null, {}, "facebook google-ads amplitude"],
    ["no preferences at all", prefers({}), {}, "amplitude"],
    ["all true", prefers({ advertising: true, functional: true }), {}, "facebook google-ads amplitude"],
    ["one of two", prefers({ advertising: true, functional: false }), {}, "facebook amplitude"],
    ["a category that is missing is false", prefers({ advertising: true }), {}, "facebook amplitude"],
    [
      "a category nobody knows is ignored",
      prefers({ advertising: true, functional: true, other: false }),
      {},
      "facebook google-ads amplitude"
    ],
    ["only true is a yes", prefers({ advertising: "true", functional: 1 }), {}, "amplitude"],
    [
      "consent first, then false removes",
      prefers({ advertising: true, functional: true }),
      { facebook: false },
      "google-ads amplitude"
    ],
    ["true never overrides missing consent", prefers({ advertising: false }), { facebook: true }, "amplitude"],
    ["absent consent: integrations decide", undefined, { facebook: false }, "google-ads amplitude"],
    ["empty consent and integrations", {}, { facebook: true, amplitude: false }, ""],
    ["empty consent and integrations of others", {}, { facebook: true }, "amplitude"],
    ["empty preferences and integrations", prefers({}), { facebook: true }, "amplitude"],
    ["a consent without preferences", { version: 2 }, {}, "amplitude"],
    ["a consent that is none", "yes", {}, "amplitude"]
  ])("AC8-43: %s", (_, consent, integrations, expected) => {
    expect(who(consent, integrations)).toBe(expected)
  })

  it("PRV-63: the event that tells preferences reaches action destinations regardless", () => {
    const refusing = track("Segment Consent Preference Updated", {
      context: { consent: prefers({ advertising: false }) }
    })
    const facebook = destinations[0]!
    expect(fate(facebook, refusing)).toBe("m1")
    expect(fate({ ...facebook, entry: { ...facebook.entry, kind: "classic" } }, refusing)).toBe(
      "FILTERED_BY_END_USER_CONSENT"
    )
    expect(fate(facebook, { ...refusing, type: "page" })).toBe("FILTERED_BY_END_USER_CONSENT")
  })

  it("AC4-61: a replay keeps and enforces consent, as it was with the integrations object of the event", () => {
    const facebook = destinations[0]!
    const denied = track("A", { context: { consent: prefers({ advertising: false }) } })
    expect(fate(facebook, denied, { replay: true })).toBe("FILTERED_BY_END_USER_CONSENT")
    expect(fate(facebook, track("A", { context: { consent: {} } }), { replay: true })).toBe("m1")
  })
})
