/** Field encryption (DEL-80 to DEL-84, PRV-51, PRV-52) and its command. */
import { constants, generateKeyPairSync, privateDecrypt } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { decryptField } from "../../src/destinations/pipeline/decrypt.ts"
import { encryptFields } from "../../src/destinations/pipeline/encrypt.ts"
import { withEncryptionCode } from "../../src/destinations/pipeline/encrypted-rejection.ts"
import { destination, entry, type Event, field, frozen, track } from "./given.ts"

const pair = (modulusLength: number) =>
  generateKeyPairSync("rsa", {
    modulusLength,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
// As Braid makes them, and smaller ones, which are faster, where the size does not matter.
const large = pair(4096)
const small = pair(2048)

const encrypted = (fields: ReadonlyArray<string>, event: Event, { publicKey } = small): Event => {
  const result = encryptFields({ publicKey, fields: new Set(fields) }, frozen(event))
  if (result.stopped !== undefined) throw new Error(result.stopped.detail)
  return result.event
}

const vector = (file: string) =>
  readFileSync(join(import.meta.dirname, "../../docs/examples/decrypt-field", file), "utf8").trim()
const read = (value: unknown) => decryptField(small.privateKey, value as string)

describe("encrypted fields", () => {
  it("AC4-62, AC8-40: texts as they are, other values as JSON, and always a text comes out", () => {
    const { properties } = encrypted(
      ["email", "age"],
      track("A", { properties: { email: "jo@example.com", age: 42, plan: "a" } }),
      large
    ) as {
      properties: Record<string, string>
    }
    expect(properties["plan"]).toBe("a")
    expect(Buffer.from(properties["age"]!, "base64")).toHaveLength(512)
    // The algorithm by its name, not by our own word for it.
    const oaep = { key: large.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }
    expect(privateDecrypt(oaep, Buffer.from(properties["email"]!, "base64")).toString()).toBe("jo@example.com")
    expect(decryptField(large.privateKey, properties["age"]!)).toBe("42")
  })

  it.each([
    [446, 1],
    [447, 2],
    [892, 2],
    [893, 3]
  ])("AC8-41: %i bytes are %i blocks", (bytes, blocks) => {
    // The cut may go through the middle of a character.
    const text = `${"ä".repeat(Math.floor(bytes / 2))}${bytes % 2 === 1 ? "x" : ""}`
    const { properties } = encrypted(["note"], track("A", { properties: { note: text } }), large) as {
      properties: { note: string }
    }
    expect(properties.note.split(".")).toHaveLength(blocks)
    expect(decryptField(large.privateKey, properties.note)).toBe(text)
  })

  it("DEL-82: at any depth, in lists, whole objects; only in context, traits and properties", () => {
    const event = track("A", {
      email: "top",
      userId: "email",
      properties: { list: [{ email: "a" }, { name: "b" }], email: { work: "c", email: "d" } },
      context: { traits: { email: "e" }, page: { path: "/" } },
      traits: { Email: "f", email: null }
    })
    const result = encrypted(["email"], event)
    const { context, properties } = result as Record<string, Record<string, never>>
    expect(result["email"]).toBe("top")
    expect(read(properties!["list"]![0]!["email"])).toBe("a")
    expect(read(properties!["email"])).toBe('{"work":"c","email":"d"}')
    expect(read(context!["traits"]!["email"])).toBe("e")
    // Other names, null, and all that lies beside it is shared.
    expect(result["traits"]).toBe(event["traits"])
    expect(context!["page"]).toBe((event["context"] as Event)["page"])
    expect(properties!["list"]![1]).toBe(((event["properties"] as Event)["list"] as Array<unknown>)[1])
  })

  it("an event without such fields is the same event, and an empty text is hidden as well", () => {
    const event = track("A", { properties: { a: 1 } })
    expect(encrypted(["email"], event)).toBe(event)
    const { properties } = encrypted(["email"], track("A", { properties: { email: "" } })) as {
      properties: { email: string }
    }
    expect(decryptField(small.privateKey, properties.email)).toBe("")
  })

  it("AC8-42: other keys do not open it", () => {
    const { properties } = encrypted(["email"], track("A", { properties: { email: "x" } })) as {
      properties: { email: string }
    }
    const other = pair(2048)
    expect(() => decryptField(other.privateKey, properties.email)).toThrow("another key")
    expect(() => decryptField(small.privateKey, "plain text")).toThrow("not encrypted")
  })

  it("PRV-54: the vectors of the handbook open, and another implementation agrees", async () => {
    const pem = vector("private.pem")
    expect(decryptField(pem, vector("email.txt"))).toBe("jo@example.com")
    expect(decryptField(pem, vector("447-bytes.txt"))).toBe(`${"a".repeat(446)}z`)
    const der = Buffer.from(pem.replaceAll(/-----.*?-----|\s/g, ""), "base64")
    const key = await crypto.subtle.importKey("pkcs8", der, { name: "RSA-OAEP", hash: "SHA-256" }, false, ["decrypt"])
    const open = (block: string) => crypto.subtle.decrypt("RSA-OAEP", key, Buffer.from(block, "base64"))
    const parts = await Promise.all(vector("447-bytes.txt").split(".").map(open))
    expect(Buffer.concat(parts.map((part) => Buffer.from(part))).toString()).toBe(`${"a".repeat(446)}z`)
  })

  it("a key that is none stops the event, and says so", () => {
    const result = encryptFields(
      { publicKey: "nonsense", fields: new Set(["a"]) },
      track("A", { properties: { a: 1 } })
    )
    expect(result.stopped).toMatchObject({ code: "FAILED_DATA_ENCRYPTION" })
    expect(result.stopped?.detail).toContain("generate new keys")
  })
})

describe("DEL-84: a rejection that encryption caused", () => {
  const fields = (["Age", "Mail", "Profile"] as const).map((label) => ({ ...field(label.toLowerCase()), label }))
  const made = entry({
    actions: [
      {
        id: "a",
        slug: "send",
        name: "Send",
        description: "",
        hidden: false,
        defaultTrigger: null,
        fields,
        batch: false,
        syncModes: [],
        hooks: []
      }
    ]
  })
  const to = destination({}, { entry: made, encryption: { publicKey: "", fields: new Set(["age", "email"]) } })
  const mapping = {
    ...to.mappings[0]!,
    settings: {
      age: { "@path": "$.traits.age" },
      mail: { "@template": "{{traits.email}}" },
      profile: { "@path": "$.traits" },
      other: "age"
    }
  }
  const code = (message: string, changes: { readonly code?: string } = {}) => {
    const outcome = withEncryptionCode(to, mapping, {
      kind: "failed",
      code: "MESSAGE_REJECTED",
      message,
      retry: false,
      ...changes
    })
    return outcome.kind === "failed" ? outcome.code : outcome.kind
  }

  it.each([
    ["Age must be an integer but it was a string.", "FAILED_DATA_ENCRYPTION"],
    [
      "The root value is missing the required field 'id'. Mail must be a valid email address string but it was not.",
      "FAILED_DATA_ENCRYPTION"
    ],
    ["The value at /age must be a number but it was a string.", "FAILED_DATA_ENCRYPTION"],
    ["The value at /profile/address/age must be a number but it was a string.", "FAILED_DATA_ENCRYPTION"],
    ["The value at /profile/city must be a string but it was a number.", "MESSAGE_REJECTED"],
    ["Agent must be a string but it was a number.", "MESSAGE_REJECTED"],
    ["The root value is missing the required field 'age'.", "MESSAGE_REJECTED"]
  ])("%s", (message, expected) => {
    expect(code(message)).toBe(expected)
    expect(code(message, { code: "400" })).toBe("400")
    expect(withEncryptionCode({ ...to, encryption: undefined }, mapping, { kind: "delivered" }).kind).toBe("delivered")
  })
})
