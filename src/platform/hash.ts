/** Hashes and ids that several rooms share. All deterministic; SHA-256 throughout. */
import { hash } from "node:crypto"

const uuidFromHex = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`

/** First 128 bits of SHA-256 of the text, in uuid form: the key type of every hashed key in the stores. */
export const hash128 = (text: string): string => uuidFromHex(hash("sha256", text, "hex"))

export const sha256Hex = (text: string): string => hash("sha256", text, "hex")

/** 52 bits of SHA-256, a safe integer: stands for an event name in indexes. */
export const nameHash = (name: string): number => Number.parseInt(hash("sha256", name, "hex").slice(0, 13), 16)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** Big-endian bytes as base62, left-padded with `0` to `length`. */
export const base62 = (bytes: Uint8Array, length: number): string => {
  let n = 0n
  for (const byte of bytes) n = (n << 8n) | BigInt(byte)
  let text = ""
  while (n > 0n) {
    text = alphabet[Number(n % 62n)] + text
    n /= 62n
  }
  return text.padStart(length, "0")
}

/** KSUID epoch, 2014-05-13T16:53:20Z. */
const ksuidEpochSeconds = 1_400_000_000

/** KSUID shape, deterministic: 4-byte timestamp and the first 16 bytes of SHA-256 over `text`; 27 base62 characters (IDR-110). */
export const ksuid = (atMs: number, text: string): string => {
  const bytes = new Uint8Array(20)
  const seconds = Math.min(0xffff_ffff, Math.max(0, Math.floor(atMs / 1000) - ksuidEpochSeconds))
  new DataView(bytes.buffer).setUint32(0, seconds)
  bytes.set((hash("sha256", text, "buffer") as Buffer).subarray(0, 16), 4)
  return base62(bytes, 27)
}
