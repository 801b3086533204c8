/** What the commands that take files and a space have in common. Their errors are for the person at the terminal. */
import { Data, Effect } from "effect"
import { createReadStream } from "node:fs"
import { type Space, Workspace } from "./workspace/workspace.ts"

/** The command cannot do what was asked; the message says what to change. */
export class CommandFailed extends Data.TaggedError("CommandFailed")<{ readonly message: string }> {}

/** Far more than an event or a table of rules can be. */
const maxBytes = 4 * 1024 * 1024

/** `-` reads standard input. Throws. */
export const readText = async (file: string): Promise<string> => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of file === "-" ? process.stdin : createReadStream(file)) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`)
  }
  return Buffer.concat(chunks).toString()
}

/** `-` reads standard input. */
export const readJson = (file: string): Effect.Effect<unknown, CommandFailed> =>
  Effect.tryPromise({
    try: async () => JSON.parse(await readText(file)) as unknown,
    catch: (error) => {
      const what = file === "-" ? "Standard input" : file
      const why = error instanceof Error ? error.message : String(error)
      return new CommandFailed({
        message: `${what} ${error instanceof SyntaxError ? "is no JSON" : "cannot be read"}: ${why}`
      })
    }
  })

/** Rules as `readJson`; a document of the API names its version, which says nothing here. */
export const readRules = (file: string): Effect.Effect<unknown, CommandFailed> =>
  Effect.map(readJson(file), (rules) => {
    if (typeof rules !== "object" || rules === null || !("version" in rules)) return rules
    const { version: _, ...rest } = rules
    return rest
  })

/** The space with this slug; without one, the only space. */
export const chosenSpace: (slug: string | undefined) => Effect.Effect<Space, CommandFailed, Workspace> =
  Effect.fnUntraced(function* (slug) {
    const { spaces } = (yield* Workspace).current()
    const found = slug === undefined && spaces.length === 1 ? spaces[0] : spaces.find((space) => space.slug === slug)
    if (found !== undefined) return found
    const known = `There are: ${spaces.map((space) => space.slug).join(", ")}.`
    const message =
      slug === undefined ? `Say with --space which space is meant. ${known}` : `There is no space "${slug}". ${known}`
    return yield* new CommandFailed({ message })
  })
