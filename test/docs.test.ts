/** The handbook keeps up with the code: settings, members of the configuration file, links between its pages. */
import { buildSchema, parse, validate } from "graphql"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { parseConfiguration } from "../src/workspace/config-file.ts"

const root = join(import.meta.dirname, "..")
const read = (file: string) => readFileSync(join(root, file), "utf8")
const configuration = read("docs/configuration.md")
const settings = [...new Set(read("src/config.ts").match(/BRAID_[A-Z0-9_]+/g))]

const anchors = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-")
  )

describe("docs/configuration.md", () => {
  it.each(settings)("explains %s", (name) => {
    expect(configuration).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, "m"))
  })

  it("names no setting that does not exist", () => {
    const named = [...configuration.matchAll(/^\| `(BRAID_[A-Z0-9_]+)` +\|/gm)].map((match) => match[1]!)
    expect(named.filter((name) => !settings.includes(name))).toEqual([])
  })

  it("says the default of each number", () => {
    const defaults = [...read("src/config.ts").matchAll(/int\("(BRAID_[A-Z0-9_]+)", \w+, ([\d_* ]+)\)/g)]
    expect(defaults.length).toBeGreaterThan(5)
    for (const [, name, value] of defaults) {
      const number = value!
        .split("*")
        .reduce((product, factor) => product * Number(factor.trim().replaceAll("_", "")), 1)
      expect(configuration).toMatch(new RegExp(`^\\| \`${name}\` +\\| \`${number}\` +\\|`, "m"))
    }
  })

  it("shows configuration files that are accepted", () => {
    const complete = [...configuration.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1]!)
    const [first, rules] = complete
    const file = JSON.parse(first!.replace("sha256:2bb80d53...", "pt_x"))
    expect(parseConfiguration(JSON.stringify(file)).problems).toBeUndefined()
    file.spaces[0].rules = JSON.parse(rules!)
    expect(parseConfiguration(JSON.stringify(file)).problems).toBeUndefined()
  })

  it("explains every member", () => {
    const { problems } = parseConfiguration(
      '{"?":0,"sources":[{"?":0}],"spaces":[{"?":0,"rules":{"?":0,"identifiers":[{"?":0}]}}],"tokens":[{"?":0}],"limits":{"?":0}}'
    )
    const members = problems!.flatMap(({ expected }) => /known are (.*)$/.exec(expected)?.[1]?.split(", ") ?? [])
    expect(members.length).toBeGreaterThan(30)
    expect(
      members.filter((member) => !configuration.includes(`\`${member}\``) && !configuration.includes(`"${member}"`))
    ).toEqual([])
  })
})

const pages = [
  "README.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`)
]

describe("examples", () => {
  const bodies = pages.flatMap((page) => [...read(page).matchAll(/ -d '([^']*)'/g)].map((match) => match[1]!))
  const queries = [
    ...bodies.map((body) => (JSON.parse(body) as { query?: string }).query).filter((query) => query !== undefined),
    ...pages.flatMap((page) => [...read(page).matchAll(/```graphql\n([^]*?)```/g)].map((match) => match[1]!))
  ]
  const schema = buildSchema(
    readdirSync(join(root, "graphql"))
      .map((file) => read(`graphql/${file}`))
      .join("\n")
  )

  it("send JSON", () => {
    expect(bodies.length).toBeGreaterThan(3)
    for (const body of bodies) expect(JSON.parse(body)).toBeTypeOf("object")
  })

  it.each(queries)("ask what the schema has: %s", (query) => {
    expect(validate(schema, parse(query))).toEqual([])
  })
})

describe("links", () => {
  it.each(pages)("of %s lead somewhere", (page) => {
    const text = read(page).replaceAll(/```[\s\S]*?```/g, "")
    const broken = [...text.matchAll(/\]\(([^)]+)\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [file, anchor] = link.split("#")
        const target = file === "" ? page : join(dirname(page), file!)
        if (!existsSync(join(root, target))) return true
        return anchor !== undefined && !anchors(read(target)).includes(anchor)
      })
    expect(broken).toEqual([])
  })
})
