/** `braid decrypt-field`: opens a value that Braid encrypted for a destination (PRV-54). Needs neither service nor database. */
import { Console, Effect } from "effect"
import { CommandFailed, readText } from "./command-input.ts"
import { decryptField } from "./destinations/pipeline/decrypt.ts"

export interface DecryptArguments {
  /** File with the private key, PKCS#8 PEM. */
  readonly key: string
  /** Undefined or `-`: standard input. */
  readonly value: string | undefined
}

const attempt = <A>(what: string, work: () => Promise<A> | A): Effect.Effect<A, CommandFailed> =>
  Effect.tryPromise({
    try: async () => work(),
    catch: (error) => new CommandFailed({ message: `${what}${error instanceof Error ? error.message : String(error)}` })
  })

export const decryptFieldCommand = Effect.fnUntraced(function* ({ key, value = "-" }: DecryptArguments) {
  const pem = yield* attempt("The key cannot be read: ", () => readText(key))
  const encrypted = value === "-" ? yield* attempt("Standard input cannot be read: ", () => readText("-")) : value
  yield* Console.log(yield* attempt("", () => decryptField(pem, encrypted)))
})
