/**
 * Which events a sample sends (DST-59): decided by a hash of a value, so that retries and replays agree, and so that whom
 * 10 % sends 20 % sends as well.
 */
import { createHash } from "node:crypto"
import type { FilterStep } from "../destination.ts"
import { own, type Payload } from "./stopped.ts"

const twoTo64 = 2 ** 64

/** First 8 bytes of MD5 of the JSON text, as a number from 0 to 1. */
export const sampleHash = (value: unknown): number => {
  const digest = createHash("md5").update(JSON.stringify(value)).digest()
  return (digest.readUInt32BE(0) * 2 ** 32 + digest.readUInt32BE(4)) / twoTo64
}

export const inSample = ({ path, percent = 0 }: FilterStep, event: Payload): boolean => {
  if (percent <= 0) return false
  if (percent >= 1) return true
  const value = path === undefined || path === "" ? undefined : valueAt(event, path)
  return sampleHash(value ?? event["messageId"] ?? null) < percent
}

const valueAt = (event: Payload, path: string): unknown => {
  if (!path.includes(".")) return own(event, path)
  let value: unknown = event
  for (const key of path.split(".")) value = own(value, key)
  return value
}
