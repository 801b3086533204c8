/**
 * Stage 15: fields that only the holder of the private key may read (DEL-80 to DEL-84, PRV-51, PRV-52).
 *
 *     value --JSON, or the string itself--> blocks of 446 bytes --RSAES-OAEP, SHA-256--> base64, joined by "."
 *
 * A field is a name of a key, exact, at any depth of `context`, `traits` and `properties`; what lies below it is encrypted whole. Runs
 * at each attempt, with the key of that moment: the ciphertext of a value differs each time.
 */
import { constants, createPublicKey, type KeyObject, publicEncrypt } from "node:crypto"
import { setOwn } from "../../event/json.ts"
import type { Encryption } from "../destination.ts"
import { isObject, own, type Payload, type Stopped } from "./stopped.ts"

const places = ["context", "traits", "properties"] as const

/** What OAEP with SHA-256 takes of each block. */
const padding = 66

interface PublicKey {
  readonly key: KeyObject
  /** Bytes of plain text in a block: 446 of RSA 4096. */
  readonly block: number
}

const keys = new WeakMap<Encryption, PublicKey>()

const keyOf = (encryption: Encryption): PublicKey => {
  const known = keys.get(encryption)
  if (known !== undefined) return known
  const key = createPublicKey(encryption.publicKey)
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (key.asymmetricKeyType !== "rsa" || bits === undefined) throw new Error("the public key is no RSA key")
  const made = { key, block: bits / 8 - padding }
  keys.set(encryption, made)
  return made
}

export type Encrypted = { readonly stopped: Stopped } | { readonly stopped?: undefined; readonly event: Payload }

/** The event with its fields encrypted, copied only where something was. Null and absent stay as they are. */
export const encryptFields = (encryption: Encryption, event: Payload): Encrypted => {
  if (encryption.fields.size === 0) return { event }
  try {
    let result: Record<string, unknown> | undefined
    for (const place of places) {
      const before = own(event, place)
      const after = walk(encryption, before)
      if (after !== before) (result ??= { ...event })[place] = after
    }
    return { event: result ?? event }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { stopped: { code: "FAILED_DATA_ENCRYPTION", detail: `${reason}; generate new keys for this destination` } }
  }
}

const walk = (encryption: Encryption, value: unknown): unknown => {
  if (Array.isArray(value)) {
    let copy: Array<unknown> | undefined
    for (let i = 0; i < value.length; i++) {
      const after = walk(encryption, value[i])
      if (after !== value[i]) (copy ??= [...value])[i] = after
    }
    return copy ?? value
  }
  if (!isObject(value)) return value
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(value)) {
    const before = value[key]
    const secret = encryption.fields.has(key) && before !== null && before !== undefined
    const after = secret ? encryptValue(encryption, before) : walk(encryption, before)
    if (after !== before) setOwn((copy ??= { ...value }), key, after)
  }
  return copy ?? value
}

const encryptValue = (encryption: Encryption, value: unknown): string => {
  const { block, key } = keyOf(encryption)
  const plain = Buffer.from(typeof value === "string" ? value : JSON.stringify(value))
  const blocks: Array<string> = []
  // An empty text is a block as well: nobody sees that it was empty.
  for (let at = 0; at === 0 || at < plain.length; at += block) {
    const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }
    blocks.push(publicEncrypt(options, plain.subarray(at, at + block)).toString("base64"))
  }
  return blocks.join(".")
}
