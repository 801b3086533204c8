/**
 * About the call that somebody wrote, in the syntax of the library that sent it (ING-121): browser, Node, Python, Ruby, Go,
 * Swift, Kotlin; else the request itself. What the library or the service filled in is left out. Pure; see test/console/live.test.ts.
 */
type Json = Readonly<Record<string, unknown>>

export interface PrettyCall {
  readonly language: string
  readonly text: string
}

interface Syntax {
  readonly open: string
  readonly close: string
  readonly key: (name: string) => string
  readonly list: readonly [open: string, close: string]
  readonly words: Readonly<Record<"null" | "true" | "false", string>>
}

const js = { null: "null", true: "true", false: "false" } as const
const quoted = (name: string) => JSON.stringify(name)
const bare = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name))

const syntaxes = {
  javascript: { open: "{", close: "}", key: (name) => `${bare(name)}: `, list: ["[", "]"], words: js },
  python: {
    open: "{",
    close: "}",
    key: (name) => `${quoted(name)}: `,
    list: ["[", "]"],
    words: { null: "None", true: "True", false: "False" }
  },
  ruby: {
    open: "{",
    close: "}",
    key: (name) => `${bare(name)}: `,
    list: ["[", "]"],
    words: { ...js, null: "nil" }
  },
  go: {
    open: "map[string]any{",
    close: "}",
    key: (name) => `${quoted(name)}: `,
    list: ["[]any{", "}"],
    words: { ...js, null: "nil" }
  },
  swift: { open: "[", close: "]", key: (name) => `${quoted(name)}: `, list: ["[", "]"], words: { ...js, null: "nil" } },
  kotlin: { open: "mapOf(", close: ")", key: (name) => `${quoted(name)} to `, list: ["listOf(", ")"], words: js },
  json: { open: "{", close: "}", key: (name) => `${quoted(name)}: `, list: ["[", "]"], words: js }
} satisfies Record<string, Syntax>

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const short = 60
/** As deep as a message may be (ING-30). */
const maxDepth = 64

/** A value in a language, on one line when that is short. */
const literal = (value: unknown, syntax: Syntax, indent = "", depth = 0): string => {
  if (value === null || value === undefined) return syntax.words.null
  if (typeof value === "boolean") return syntax.words[value ? "true" : "false"]
  if (typeof value !== "object" || depth > maxDepth) return JSON.stringify(value) ?? syntax.words.null
  const list = Array.isArray(value)
  const [open, close] = list ? syntax.list : [syntax.open, syntax.close]
  const inner = `${indent}  `
  const parts = list
    ? value.map((each) => literal(each, syntax, inner, depth + 1))
    : Object.entries(value).map(([key, each]) => `${syntax.key(key)}${literal(each, syntax, inner, depth + 1)}`)
  if (parts.length === 0) return `${open}${close}`
  const space = open.endsWith("{") && !list ? " " : ""
  const line = `${open}${space}${parts.join(", ")}${space}${close}`
  if (line.length + indent.length <= short && !line.includes("\n")) return line
  return `${open}\n${parts.map((part) => `${inner}${part}`).join(",\n")}\n${indent}${close}`
}

const languageOf = (message: Json): keyof typeof syntaxes | "node" => {
  const { context } = message
  const library = isObject(context) && isObject(context["library"]) ? context["library"]["name"] : undefined
  const name = typeof library === "string" ? library.toLowerCase() : ""
  if (/node/.test(name)) return "node"
  if (/python/.test(name)) return "python"
  if (/ruby/.test(name)) return "ruby"
  if (/(?:^|[^a-z])go(?:$|[^a-z])/.test(name)) return "go"
  if (/swift|ios/.test(name)) return "swift"
  if (/kotlin|android|java$/.test(name)) return "kotlin"
  return /analytics\.js|analytics-next|^npm:/.test(name) ? "javascript" : "json"
}

const types = ["identify", "track", "page", "screen", "group", "alias"] as const

/** The members that a person writes, in the order of the documentation. */
const written = ["anonymousId", "userId", "previousId", "groupId", "event", "name", "category", "properties", "traits"]

const hasMembers = (value: unknown): boolean => isObject(value) && Object.keys(value).length > 0

const memberOf = (message: Json, key: string): unknown => {
  const value = message[key]
  return isObject(value) && !hasMembers(value) ? undefined : value
}

/** Positional arguments, without those at the end that are missing. */
const positional = (type: string, message: Json): ReadonlyArray<unknown> => {
  const of = (key: string) => memberOf(message, key)
  switch (type) {
    case "identify":
      return [of("userId"), of("traits")]
    case "group":
      return [of("groupId"), of("traits")]
    case "alias":
      return [of("userId"), of("previousId")]
    case "track":
      return [of("event"), of("properties")]
    default:
      return of("category") === undefined
        ? [of("name"), of("properties")]
        : [of("category"), of("name"), of("properties")]
  }
}

const labels: Readonly<Record<string, string>> = {
  javascript: "JavaScript",
  node: "Node.js",
  python: "Python",
  ruby: "Ruby",
  go: "Go",
  swift: "Swift",
  kotlin: "Kotlin"
}

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const upper = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

const membersOf = (message: Json): ReadonlyArray<readonly [string, unknown]> =>
  written.flatMap((key) => {
    const value = memberOf(message, key)
    return value === undefined || value === null ? [] : [[key, value] as const]
  })

const call = (language: keyof typeof syntaxes | "node", type: string, message: Json): string => {
  const members = membersOf(message)
  switch (language) {
    case "javascript": {
      const values = positional(type, message)
      const last = values.findLastIndex((value) => value !== undefined && value !== null)
      return `analytics.${type}(${values
        .slice(0, last + 1)
        .map((value) => literal(value, syntaxes.javascript))
        .join(", ")})`
    }
    case "node":
      return `analytics.${type}(${literal(Object.fromEntries(members), syntaxes.javascript)})`
    case "ruby":
      return `Analytics.${type}(\n${members
        .map(([key, value]) => `  ${snake(key)}: ${literal(value, syntaxes.ruby, "  ")}`)
        .join(",\n")}\n)`
    case "python":
      return `analytics.${type}(\n${members
        .map(([key, value]) => `  ${snake(key)}=${literal(value, syntaxes.python, "  ")}`)
        .join(",\n")}\n)`
    case "go":
      return `client.Enqueue(analytics.${upper(type)}{\n${members
        .map(([key, value]) => {
          const name = key === "anonymousId" ? "AnonymousId" : upper(key)
          return `  ${name}: ${literal(value, syntaxes.go, "  ")},`
        })
        .join("\n")}\n})`
    case "swift":
    case "kotlin": {
      const syntax = syntaxes[language]
      const name = language === "swift" ? ": " : " = "
      const named: Readonly<Record<string, string>> = { event: "name", name: "title" }
      const shown = members.filter(
        ([key]) => key !== "anonymousId" && (key !== "userId" || type === "identify" || type === "alias")
      )
      return `analytics.${type}(${shown
        .map(([key, value]) => `${named[key] ?? key}${name}${literal(value, syntax)}`)
        .join(", ")})`
    }
    default:
      return `POST /v1/${type}\n\n${literal(Object.fromEntries(members), syntaxes.json)}`
  }
}

/** Undefined: the message is no call of a known type, so there is nothing to show but itself. */
export const prettyCall = (raw: unknown): PrettyCall | undefined => {
  if (!isObject(raw)) return undefined
  const type = types.find((each) => each === raw["type"])
  if (type === undefined) return undefined
  const language = languageOf(raw)
  return { language: labels[language] ?? "HTTP", text: call(language, type, raw) }
}

const shell = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** Members that the service set, or that would make it the same message again. */
const notSent = new Set(["messageId", "receivedAt", "sentAt", "originalTimestamp", "version", "channel", "projectId"])

/** The call once more, for a terminal. The key is never shown, so whoever sends it fills that in. */
export const curlOf = (raw: unknown, host: string): string => {
  const sent = isObject(raw) ? Object.fromEntries(Object.entries(raw).filter(([key]) => !notSent.has(key))) : raw
  return `curl -u WRITE_KEY: ${host}/v1/batch -d ${shell(JSON.stringify({ batch: [sent] }))}`
}
