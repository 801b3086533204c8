/**
 * The text of a Public API token (ADM-70): `cdp_pat_` + 43 base62 characters (256 random bits) + `_` + CRC-32 of these as 6 base62
 * characters, so that secret scanners, and we, recognise a false one without looking it up.
 */
import { randomBytes } from "node:crypto"
import { crc32 } from "node:zlib"
import { base62 } from "../platform/hash.ts"

const prefix = "cdp_pat_"
const form = /^cdp_pat_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/

const checksum = (random: string): string => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, crc32(random))
  return base62(bytes, 6)
}

export const newApiToken = (): string => {
  const random = base62(randomBytes(32), 43)
  return `${prefix}${random}_${checksum(random)}`
}

/** Whether it can be one of ours at all. */
export const isApiToken = (text: string): boolean => {
  const [, random, check] = form.exec(text) ?? []
  return random !== undefined && checksum(random) === check
}

/** What may be shown of it afterwards. */
export const shownPrefix = (token: string): string => token.slice(0, prefix.length + 6)
