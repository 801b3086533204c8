/**
 * Encryption of fields before they reach a destination (DEL-80 to DEL-83, PRV-51 to PRV-53): which fields, and the pair of keys. How:
 * `pipeline/encrypt.ts`. The private key is told once and never stored.
 */
import { Effect } from "effect"
import { generateKeyPair } from "node:crypto"
import { promisify } from "node:util"
import type { Change } from "../../workspace/changes.ts"
import { invalid } from "./refused.ts"
import { type Changed, type DestinationRow, difference, findDestination, type StoredEncryption, touch } from "./rows.ts"
import type { EncryptionView } from "./views.ts"

const maxFields = 100
const longestField = 200

const off: StoredEncryption = { enabled: false, fields: [], publicKey: null, keysGeneratedAt: null }

export const encryptionOf = ({ encryption }: DestinationRow): EncryptionView => encryption ?? off

const store = (change: Change, { no }: DestinationRow, encryption: StoredEncryption) =>
  Effect.andThen(
    change.sql`update destinations set encryption = ${JSON.stringify(encryption)} where no = ${no}`,
    touch(change, no)
  )

export const setEncryption = (
  change: Change,
  destinationId: string,
  { enabled, fields }: { readonly enabled: boolean; readonly fields: ReadonlyArray<string> }
): Changed<void> =>
  Effect.gen(function* () {
    const row = yield* findDestination(change.sql, destinationId)
    const before = encryptionOf(row)
    if (fields.length > maxFields || fields.some((field) => field === "" || field.length > longestField))
      return yield* invalid(
        "ENCRYPTION_FIELDS",
        `Name at most ${maxFields} fields, each with 1 to ${longestField} characters.`,
        "fields"
      )
    if (enabled && before.publicKey === null)
      return yield* invalid("ENCRYPTION_KEYS_MISSING", "Generate keys before you switch encryption on.", "enabled")
    const after = { ...before, enabled, fields: [...new Set(fields)] }
    const differs = difference({ ...before }, { ...after })
    if (differs === undefined) return
    yield* store(change, row, after)
    const told = { before: { encryption: differs.before }, after: { encryption: differs.after } }
    change.audit({ space: null, action: "Integration Modified", target: `destination ${row.id}`, ...told })
  })

/** RSA-4096, exponent 65537. Takes a second or more: outside of every transaction. */
export const newKeyPair = Effect.promise(() =>
  promisify(generateKeyPair)("rsa", {
    modulusLength: 4096,
    publicExponent: 65_537,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
)

export const setPublicKey = (change: Change, destinationId: string, publicKey: string): Changed<void> =>
  Effect.gen(function* () {
    const row = yield* findDestination(change.sql, destinationId)
    const before = encryptionOf(row)
    yield* store(change, row, { ...before, publicKey, keysGeneratedAt: change.at })
    change.audit({
      space: null,
      action: "Encryption Keys Generated",
      target: `destination ${row.id}`,
      before: { publicKey: before.publicKey },
      after: { publicKey }
    })
  })
