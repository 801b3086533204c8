// Types of the console's GraphQL documents, from the schema: src/console/**/x.graphql gives x.gql.ts beside it, and every
// enum and input type that is used goes to api/schema.gql.ts. `--check` writes nothing and fails when something is out of date.
// Another folder may be named: the example in docs/examples/typed-client is made the same way.
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const require = createRequire(import.meta.url)
const {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  NoUnusedFragmentsRule,
  parse,
  specifiedRules,
  print,
  typeFromAST,
  validate,
  visit
} = require("graphql")

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const home = join(root, process.argv.slice(2).find((argument) => !argument.startsWith("--")) ?? "src/console")
const sharedTypes = join(home, "api", "schema.gql.ts")

const scalars = {
  ID: "string",
  String: "string",
  DateTime: "string",
  Int: "number",
  Float: "number",
  Boolean: "boolean",
  JSON: "unknown"
}

/** What several files of definitions say, as one text: `type Query` may come as an extension. */
const schema = buildSchema(
  globSync("graphql/*.graphql", { cwd: root })
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n")
)

const files = globSync("**/*.graphql", { cwd: home })
  .sort()
  .map((file) => ({
    path: join(home, file),
    document: parse(readFileSync(join(home, file), "utf8"), { noLocation: true })
  }))

const fragments = new Map()
for (const { path, document } of files)
  for (const definition of document.definitions)
    if (definition.kind === "FragmentDefinition") fragments.set(definition.name.value, { path, definition })

const everything = { kind: "Document", definitions: files.flatMap(({ document }) => document.definitions) }
const rules = specifiedRules.filter((rule) => rule !== NoUnusedFragmentsRule)
const problems = validate(schema, everything, rules)
if (problems.length > 0) {
  for (const problem of problems) process.stderr.write(`${problem.message}\n`)
  process.exit(1)
}

const usedShared = new Set()

const wrap = (type, inner, input) => {
  if (isNonNullType(type)) return bare(type.ofType, inner, input)
  return `${bare(type, inner, input)} | null`
}
const bare = (type, inner, input) => {
  if (!isListType(type)) return inner
  return `ReadonlyArray<${wrap(type.ofType, inner, input)}>`
}

const leaf = (type) => {
  if (isEnumType(type)) {
    usedShared.add(type)
    return type.name
  }
  return scalars[type.name] ?? "unknown"
}

const inputName = (type, uses) => {
  if (isInputObjectType(type)) {
    uses?.add(type.name)
    addInput(type)
    return type.name
  }
  if (isEnumType(type)) uses?.add(type.name)
  return leaf(type)
}

const addInput = (type) => {
  if (usedShared.has(type)) return
  usedShared.add(type)
  for (const field of Object.values(type.getFields())) inputName(getNamedType(field.type))
}

/** The TypeScript type of a selection; `uses` collects what must be imported. */
const selectionType = (set, parent, uses) => {
  const members = []
  const spreads = []
  for (const selection of set.selections) {
    if (selection.kind === "FragmentSpread") {
      const name = selection.name.value
      spreads.push(name)
      uses.fragments.add(name)
      continue
    }
    if (selection.kind !== "Field") throw new Error("Inline fragments are not used here.")
    const name = selection.name.value
    const key = selection.alias?.value ?? name
    if (name === "__typename") {
      members.push(`readonly ${key}: string`)
      continue
    }
    const { type } = parent.getFields()[name]
    const named = getNamedType(type)
    const inner = isLeafType(named) ? leaf(named) : selectionType(selection.selectionSet, named, uses)
    if (isEnumType(named)) uses.shared.add(named.name)
    members.push(`readonly ${key}: ${wrap(type, inner.includes("&") ? `(${inner})` : inner)}`)
  }
  const own = members.length > 0 ? [`{ ${members.join("; ")} }`] : []
  return [...spreads, ...own].join(" & ")
}

const fragmentsOf = (definition, found = new Set()) => {
  visit(definition, {
    FragmentSpread: ({ name }) => {
      if (found.has(name.value)) return
      found.add(name.value)
      fragmentsOf(fragments.get(name.value).definition, found)
    }
  })
  return found
}

const upper = (name) => name[0].toUpperCase() + name.slice(1)
const lower = (name) => name[0].toLowerCase() + name.slice(1)
const importPath = (from, to) => {
  const path = relative(dirname(from), to).replaceAll("\\", "/")
  return path.startsWith(".") ? path : `./${path}`
}
const outputOf = (path) => path.replace(/\.graphql$/, ".gql.ts")

const header =
  "// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.\n"

const outputs = new Map()
for (const { path, document } of files) {
  const uses = { fragments: new Set(), shared: new Set() }
  const lines = []
  let operations = false
  for (const definition of document.definitions) {
    if (definition.kind === "FragmentDefinition") {
      const parent = schema.getType(definition.typeCondition.name.value)
      lines.push(`export type ${definition.name.value} = ${selectionType(definition.selectionSet, parent, uses)}\n`)
      continue
    }
    operations = true
    const name = definition.name.value
    const data = selectionType(definition.selectionSet, schema.getRootType(definition.operation), uses)
    const variables = (definition.variableDefinitions ?? []).map(({ variable, type: node, defaultValue }) => {
      const type = typeFromAST(schema, node)
      const optional = !isNonNullType(type) || defaultValue !== undefined
      const value = wrap(type, inputName(getNamedType(type), uses.shared))
      return `readonly ${variable.name.value}${optional ? "?" : ""}: ${value}${optional ? " | undefined" : ""}`
    })
    lines.push(`export type ${upper(name)}Data = ${data}\n`)
    lines.push(`export interface ${upper(name)}Variables { ${variables.join("; ")} }\n`)
    const text = [definition, ...[...fragmentsOf(definition)].map((each) => fragments.get(each).definition)].map(print)
    lines.push(
      `export const ${lower(name)}: Operation<${upper(name)}Data, ${upper(name)}Variables> = ${JSON.stringify({ name })
        .slice(0, -1)
        .replace('"name":', " name: ")}, text: ${JSON.stringify(text.join("\n").replace(/\s+/g, " "))} }\n`
    )
  }
  const output = outputOf(path)
  const own = new Set(
    document.definitions.filter(({ kind }) => kind === "FragmentDefinition").map(({ name }) => name.value)
  )
  const imports = []
  if (operations)
    imports.push(`import type { Operation } from "${importPath(output, join(home, "api", "operation.ts"))}"`)
  if (uses.shared.size > 0)
    imports.push(`import type { ${[...uses.shared].sort().join(", ")} } from "${importPath(output, sharedTypes)}"`)
  const byFile = Map.groupBy(
    [...uses.fragments].filter((name) => !own.has(name)),
    (name) => fragments.get(name).path
  )
  for (const [file, names] of byFile)
    imports.push(`import type { ${names.sort().join(", ")} } from "${importPath(output, outputOf(file))}"`)
  outputs.set(output, [header, imports.join("\n"), "\n\n", lines.join("\n")].join(""))
}

const shared = [...usedShared]
  .sort((a, b) => a.name.localeCompare(b.name))
  .map((type) => {
    if (isEnumType(type))
      return `export type ${type.name} = ${type
        .getValues()
        .map(({ name }) => JSON.stringify(name))
        .join(" | ")}\n`
    const members = Object.values(type.getFields()).map((field) => {
      const optional = !isNonNullType(field.type) || field.defaultValue !== undefined
      const named = getNamedType(field.type)
      const value = wrap(field.type, isInputObjectType(named) ? named.name : leaf(named))
      return `readonly ${field.name}${optional ? "?" : ""}: ${value}${optional ? " | undefined" : ""}`
    })
    return `export interface ${type.name} { ${members.join("; ")} }\n`
  })
outputs.set(sharedTypes, `${header.replace("the .graphql file beside it and ", "")}\n${shared.join("\n")}`)

const plain = (text) => text.replaceAll(/[\s;|"'(),\\]/g, "")
const check = process.argv.includes("--check")
for (const [path, text] of outputs) {
  let present = ""
  try {
    present = readFileSync(path, "utf8")
  } catch {
    // Made below.
  }
  // The formatter breaks lines otherwise; only what it says matters.
  if (plain(present) === plain(text)) continue
  if (check) {
    process.stderr.write(`${relative(root, path)} is out of date: npm run console:operations\n`)
    process.exitCode = 1
  } else {
    writeFileSync(path, text)
    process.stdout.write(`${relative(root, path)}\n`)
  }
}
if (!check) process.stdout.write(`${outputs.size} files for ${basename(home)}\n`)
