/**
 * Where the master key of the vault comes from (ADM-84): a setting, a file, or - on the embedded set-up - a file in the data folder that
 * Braid makes itself, readable by its user alone.
 */
import { Data, Effect, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export interface MasterKeys {
  /** Undefined: there is none, secrets cannot be kept. */
  readonly current: Buffer | undefined
  /** What the keys of the database may still be wrapped with. */
  readonly previous: Buffer | undefined
}

export class MasterKeyInvalid extends Data.TaggedError("MasterKeyInvalid")<{
  readonly where: string
  readonly problem: string
}> {
  override get message() {
    return `The master key in ${this.where} cannot be used: ${this.problem}. It is 32 random bytes as base64 or hex, for example of \`openssl rand -base64 32\`.`
  }
}

const keyOf = (text: string, where: string): Effect.Effect<Buffer, MasterKeyInvalid> => {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, /^[0-9a-f]{64}$/i.test(trimmed) ? "hex" : "base64")
  return bytes.length === 32
    ? Effect.succeed(bytes)
    : Effect.fail(new MasterKeyInvalid({ where, problem: `it has ${bytes.length} bytes` }))
}

const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

/** Whole or not at all, and never over one that another process has made meanwhile. */
const makeFile = (file: string): void => {
  const draft = `${file}.${process.pid}`
  try {
    writeFileSync(draft, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flush: true })
    linkSync(draft, file)
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

const readKeyFile = (file: string, make: boolean): Effect.Effect<Buffer, MasterKeyInvalid> =>
  Effect.flatMap(
    Effect.try({
      try: () => {
        try {
          return readFileSync(file, "utf8")
        } catch (error) {
          if (!make || errorCode(error) !== "ENOENT") throw error
          makeFile(file)
          return readFileSync(file, "utf8")
        }
      },
      catch: (error) => new MasterKeyInvalid({ where: file, problem: `the file cannot be read (${errorCode(error)})` })
    }),
    (text) => keyOf(text, file)
  )

export interface MasterKeySettings {
  readonly masterKey: Redacted.Redacted | undefined
  readonly previousMasterKey: Redacted.Redacted | undefined
  /** Empty: none is named. */
  readonly masterKeyFile: string
  readonly dataDir: string
  readonly embedded: boolean
}

export const readMasterKeys = Effect.fnUntraced(function* (
  settings: MasterKeySettings
): Effect.fn.Return<MasterKeys, MasterKeyInvalid> {
  const { dataDir, embedded, masterKey, masterKeyFile, previousMasterKey } = settings
  const current =
    masterKey !== undefined
      ? yield* keyOf(Redacted.value(masterKey), "BRAID_MASTER_KEY")
      : masterKeyFile !== ""
        ? yield* readKeyFile(masterKeyFile, false)
        : embedded
          ? yield* readKeyFile(join(dataDir, "master.key"), true)
          : undefined
  const previous =
    previousMasterKey === undefined
      ? undefined
      : yield* keyOf(Redacted.value(previousMasterKey), "BRAID_MASTER_KEY_PREVIOUS")
  return { current, previous }
})
