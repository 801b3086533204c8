import { describe, expect, it } from "vitest"
import { sha256Hex } from "../../src/platform/hash.ts"
import { parseConfiguration } from "../../src/workspace/config-file.ts"
import { defaultLimits } from "../../src/workspace/configured.ts"
import { initialConfiguration, newSecrets } from "../../src/workspace/initial-file.ts"
import { toSnapshot } from "../../src/workspace/snapshot.ts"

const good = () => ({
  sources: [
    { id: "src_web", slug: "web", name: "Website", kind: "website", writeKeys: ["wk_web"], enabled: true },
    { id: "src_crm", slug: "crm", name: "CRM", kind: "object_cloud", writeKeys: [] as Array<string>, enabled: true }
  ],
  spaces: [
    {
      id: "spa_0123456789abcdefghijkl",
      slug: "demo",
      name: "Demo",
      kind: "dev",
      sources: ["web"] as Array<unknown>,
      rules: {} as unknown
    }
  ],
  tokens: [{ name: "demo", space: "demo", secret: "pt_demo", scopes: ["profiles:read"] }],
  limits: { requestsPerSecond: 1000, messagesPerSecond: 1000, spaceEventsPerSecond: 1000, profileApiPerSecond: 100 }
})

type Config = ReturnType<typeof good>

/** The problems of `good()` after `change`, one per line. */
const problemsAfter = (change: (config: Config) => unknown): ReadonlyArray<string> => {
  const config = good()
  const changed = change(config)
  const { problems } = parseConfiguration(JSON.stringify(changed === undefined ? config : changed))
  return (problems ?? []).map((problem) => `${problem.path}: ${problem.expected}`)
}

const set = (target: object, key: string, value: unknown): void => void Object.assign(target, { [key]: value })

const wrong: ReadonlyArray<readonly [name: string, change: (c: Config) => unknown, ...problems: Array<string>]> = [
  ["an array instead of an object", () => [], ": expected an object, found an array"],
  [
    "nothing inside",
    () => ({}),
    "sources: expected an array of sources, found nothing",
    "spaces: expected an array of spaces, found nothing"
  ],
  ["a misspelled member", (c) => set(c, "source", []), 'source: unknown member; did you mean "sources"?'],
  [
    "a misspelled member of a source",
    (c) => set(c.sources[0]!, "writeKey", "x"),
    'sources[0].writeKey: unknown member; did you mean "writeKeys"?'
  ],
  [
    "a member that resembles nothing",
    (c) => set(c.tokens[0]!, "expires", 1),
    "tokens[0].expires: unknown member; known are name, space, secret, scopes"
  ],
  [
    "ING-17 a write key with a blank",
    (c) => set(c.sources[0]!, "writeKeys", ["wk web"]),
    'sources[0].writeKeys[0]: expected a write key of 1 to 128 letters, digits, _ or -, found "wk web"'
  ],
  [
    "ING-17 an empty write key",
    (c) => set(c.sources[0]!, "writeKeys", [""]),
    'sources[0].writeKeys[0]: expected a write key of 1 to 128 letters, digits, _ or -, found ""'
  ],
  [
    "ING-17 a write key of 129 characters",
    (c) => set(c.sources[0]!, "writeKeys", ["k".repeat(129)]),
    `sources[0].writeKeys[0]: expected a write key of 1 to 128 letters, digits, _ or -, found "${"k".repeat(56)}...`
  ],
  [
    "ING-20 one write key for two sources",
    (c) => void c.sources.push({ ...c.sources[0]!, id: "src_b", slug: "b" }),
    "sources[2].writeKeys[0]: a write key must be unique; sources[0].writeKeys[0] has the same"
  ],
  [
    "ING-21 three write keys",
    (c) => set(c.sources[0]!, "writeKeys", ["a", "b", "c"]),
    "sources[0].writeKeys: expected one write key, or two while one replaces the other, found 3"
  ],
  [
    "ING-21 no write key",
    (c) => set(c.sources[0]!, "writeKeys", []),
    "sources[0].writeKeys: expected one write key, or two while one replaces the other, found 0"
  ],
  [
    "ING-19 a cloud source with a write key",
    (c) => set(c.sources[1]!, "writeKeys", ["wk"]),
    "sources[1].writeKeys: expected no write key: sources of kind object_cloud have none"
  ],
  [
    "ING-112 an unknown kind",
    (c) => set(c.sources[0]!, "kind", "web"),
    'sources[0].kind: expected one of website, mobile, server, http, pixel, event_cloud, object_cloud, function, reverse_etl, found "web"'
  ],
  [
    "ING-112 a kind with a typo",
    (c) => set(c.sources[0]!, "kind", "websit"),
    'sources[0].kind: expected one of website, mobile, server, http, pixel, event_cloud, object_cloud, function, reverse_etl, found "websit"; did you mean "website"?'
  ],
  [
    "ING-114 a slug with a capital",
    (c) => (set(c.sources[0]!, "slug", "Web"), set(c.spaces[0]!, "sources", [])),
    'sources[0].slug: expected a slug of 1 to 64 lower-case letters, digits, _ or -, starting with a letter or digit, found "Web"'
  ],
  [
    "ING-114 a slug used twice",
    (c) => set(c.sources[1]!, "slug", "web"),
    "sources[1].slug: the slug of a source must be unique; sources[0].slug has the same",
    "spaces[0].sources[0]: expected a source of events; object_cloud sources cannot be connected to a space"
  ],
  [
    "a source id used twice",
    (c) => set(c.sources[1]!, "id", "src_web"),
    "sources[1].id: the id of a source must be unique; sources[0].id has the same"
  ],
  [
    "enabled as a text",
    (c) => set(c.sources[0]!, "enabled", "yes"),
    'sources[0].enabled: expected true or false, found "yes"'
  ],
  [
    "a name that is blank",
    (c) => set(c.sources[0]!, "name", "  "),
    'sources[0].name: expected a name of 1 to 200 characters, found "  "'
  ],
  [
    "IDR-3 a space id that is too short",
    (c) => set(c.spaces[0]!, "id", "spa_demo"),
    'spaces[0].id: expected spa_ and 22 letters or digits, found "spa_demo"'
  ],
  [
    "IDR-3 a space slug with an underscore",
    (c) => (set(c.spaces[0]!, "slug", "my_space"), set(c, "tokens", [])),
    'spaces[0].slug: expected a slug of 1 to 63 lower-case letters, digits or -, starting with a letter or digit, found "my_space"'
  ],
  [
    "IDR-3 a space slug used twice",
    (c) => void c.spaces.push({ ...c.spaces[0]!, id: "spa_0123456789abcdefghijkm" }),
    "spaces[1].slug: the slug of a space must be unique; spaces[0].slug has the same"
  ],
  [
    "IDR-2 a space id used twice",
    (c) => void c.spaces.push({ ...c.spaces[0]!, slug: "other" }),
    "spaces[1].id: the id of a space must be unique; spaces[0].id has the same"
  ],
  [
    "IDR-1 a kind of space that is none",
    (c) => set(c.spaces[0]!, "kind", "production"),
    'spaces[0].kind: expected one of dev, prod, found "production"'
  ],
  [
    "an unknown source in a space",
    (c) => set(c.spaces[0]!, "sources", ["wed"]),
    'spaces[0].sources[0]: expected the slug of a source in this file, found "wed"; did you mean "web"?'
  ],
  [
    "a source connected twice",
    (c) => set(c.spaces[0]!, "sources", ["web", "web"]),
    "spaces[0].sources[1]: a connected source must be unique; spaces[0].sources[0] has the same"
  ],
  [
    "IDR-11 an object cloud source in a space",
    (c) => set(c.spaces[0]!, "sources", ["crm"]),
    "spaces[0].sources[0]: expected a source of events; object_cloud sources cannot be connected to a space"
  ],
  [
    "IDR-158 a wrong limit in the rules",
    (c) => set(c.spaces[0]!, "rules", { identifiers: [{ type: "user_id" }, { type: "email", limit: 0 }] }),
    "spaces[0].rules.identifiers[1].limit: expected a whole number from 1 to 1000, found 0"
  ],
  [
    "IDR-158 rules that are no object",
    (c) => set(c.spaces[0]!, "rules", "default"),
    'spaces[0].rules: expected an object, found "default"'
  ],
  [
    "a token of an unknown space",
    (c) => set(c.tokens[0]!, "space", "dem"),
    'tokens[0].space: expected one of demo, found "dem"; did you mean "demo"?'
  ],
  [
    "PRO-4 an unknown scope",
    (c) => set(c.tokens[0]!, "scopes", ["profile:read"]),
    'tokens[0].scopes[0]: expected one of profiles:read, identifiers:delete, insights:read, admin, workspace:admin, pii:masked, found "profile:read"; did you mean "profiles:read"?'
  ],
  [
    "PRO-4 a secret used twice, once hashed",
    (c) => void c.tokens.push({ ...c.tokens[0]!, secret: `sha256:${sha256Hex("pt_demo")}` }),
    "tokens[1].secret: the secret of a token must be unique; tokens[0].secret has the same"
  ],
  [
    "PRO-4 a hash that is too short",
    (c) => set(c.tokens[0]!, "secret", "sha256:abc"),
    "tokens[0].secret: expected 64 hexadecimal digits after sha256:"
  ],
  [
    "a secret with a colon, not repeated in the message",
    (c) => set(c.tokens[0]!, "secret", "pt:demo"),
    "tokens[0].secret: expected a secret of 1 to 256 printable ASCII characters without blanks and colons, or sha256: and its hash"
  ],
  [
    "ING-34 a negative limit",
    (c) => set(c.limits, "requestsPerSecond", -1),
    "limits.requestsPerSecond: expected a whole number per second, 0 = off, found -1"
  ],
  [
    "ING-34 an unknown limit",
    (c) => set(c.limits, "requestPerSecond", 5),
    'limits.requestPerSecond: unknown member; did you mean "requestsPerSecond"?'
  ]
]

describe("a wrong configuration file is refused with path and expectation", () => {
  it.each(wrong.map(([name, change, ...problems]) => ({ name, change, problems })))("$name", ({ change, problems }) => {
    expect(problemsAfter(change)).toEqual(problems)
  })

  it("all problems at once", () => {
    const problems = problemsAfter((c) => {
      set(c.sources[0]!, "kind", 7)
      set(c.spaces[0]!, "id", 7)
      set(c.limits, "profileApiPerSecond", 1.5)
    })
    expect(problems.map((line) => line.split(":")[0])).toEqual([
      "sources[0].kind",
      "spaces[0].id",
      "limits.profileApiPerSecond"
    ])
  })

  it.each([
    ["", "expected JSON, but the text ends too early"],
    ['{"sources": [', "expected JSON, but the text ends too early"],
    ['{"sources": "', "expected JSON, but the text ends too early"],
    ["{\n  sources: []\n}", "expected JSON; it is wrong at line 2, column 3 (or just before)"],
    ['{\n  "sources": [],\n}', "expected JSON; it is wrong at line 3, column 1 (or just before)"],
    ['{"a": nope}', "expected JSON; it is wrong at line 1, column 8 (or just before)"],
    ["{} {}", "expected JSON; it is wrong at line 1, column 4 (or just before)"]
  ])("text that is not JSON: %j", (content, expected) => {
    expect(parseConfiguration(content).problems).toEqual([{ path: "", expected }])
  })
})

describe("a good configuration file", () => {
  it("ING-34 IDR-15 PRO-6 limits have defaults, and 0 switches one off", () => {
    const config = { ...good(), limits: { messagesPerSecond: 0 } }
    const { configuration } = parseConfiguration(JSON.stringify(config))
    expect(configuration?.limits).toEqual({ ...defaultLimits, messagesPerSecond: 0 })
    expect(parseConfiguration(JSON.stringify({ sources: [], spaces: [] })).configuration?.limits).toEqual(defaultLimits)
  })

  it("IDR-30 IDR-61 IDR-70 absent rules are the defaults", () => {
    const { configuration } = parseConfiguration(
      JSON.stringify({ ...good(), spaces: [{ ...good().spaces[0]!, rules: undefined }] })
    )
    const rules = configuration!.spaces[0]!.rules
    expect(rules.identifiers).toHaveLength(11)
    expect(rules.identifiers.find((rule) => rule.type === "user_id")).toMatchObject({
      rank: 1,
      limit: 1,
      window: "ever"
    })
  })

  it("PRO-4 a plain and a hashed secret give the same token; the default scope is profiles:read", () => {
    const plain = parseConfiguration(JSON.stringify(good())).configuration!
    const tokens = [{ name: "demo", space: "demo", secret: `sha256:${sha256Hex("pt_demo").toUpperCase()}` }]
    expect(parseConfiguration(JSON.stringify({ ...good(), tokens })).configuration!.tokens).toEqual(plain.tokens)
  })

  it("a byte order mark is skipped", () => {
    expect(parseConfiguration(`\uFEFF${JSON.stringify(good())}`).problems).toBeUndefined()
  })

  it("ING-20 IDR-3 the file of a new installation has secrets of the right form and is itself valid", () => {
    const secrets = newSecrets()
    expect(secrets.writeKey).toMatch(/^[0-9A-Za-z]{32}$/)
    expect(secrets.spaceId).toMatch(/^spa_[0-9A-Za-z]{22}$/)
    expect(newSecrets()).not.toEqual(secrets)
    const text = JSON.stringify(initialConfiguration(secrets))
    expect(text).not.toContain(secrets.token)
    const { configuration } = parseConfiguration(text)
    expect(configuration!.tokens[0]!.hash).toBe(sha256Hex(secrets.token))
    expect(configuration!.sources[0]!.writeKeys).toEqual([secrets.writeKey])
  })

  it("the snapshot finds sources by key and number, spaces by id, tokens by hash; sources that left keep their number", () => {
    const numbers = new Map([
      ["src_old", 1],
      ["src_web", 2],
      ["src_crm", 3]
    ])
    const snapshot = toSnapshot(parseConfiguration(JSON.stringify(good())).configuration!, numbers)
    expect(snapshot.sourceByWriteKey.get("wk_web")).toMatchObject({ no: 2, id: "src_web" })
    expect(snapshot.sourceByNo.get(3)?.slug).toBe("crm")
    expect(snapshot.sourceByNo.get(1)).toMatchObject({ id: "src_old", enabled: false, writeKeys: [] })
    expect(snapshot.sources.map((source) => source.id)).toEqual(["src_web", "src_crm"])
    expect(snapshot.spaceById.get("spa_0123456789abcdefghijkl")?.sources.map((source) => source.no)).toEqual([2])
    expect(snapshot.tokenByHash.get(sha256Hex("pt_demo"))?.spaceId).toBe("spa_0123456789abcdefghijkl")
  })
})
