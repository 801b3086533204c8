/** The words of the second implementation: what it keeps, how long windows are, how ids are made. */
import { createHash } from "node:crypto"
import type { RefIdentifier } from "./reference-extract.ts"

export type Collection = RefIdentifier["collection"]

export interface RefProfile {
  readonly segmentId: string
  readonly collection: Collection
  /** The merge that leads away, if any. */
  into: RefProfile | undefined
  /** A tombstone (IDR-162). */
  erased?: boolean
}
export interface Mapping extends RefIdentifier {
  readonly origin: RefProfile
  readonly addedAt: number
}
export interface Merge {
  readonly from: RefProfile
  readonly into: RefProfile
  readonly messageId: string
}
/** An event that was resolved; operations may give it to other profiles. */
export interface RefEvent {
  readonly messageId: string
  readonly message: Readonly<Record<string, unknown>>
  readonly isGroup: boolean
  readonly t: number
  users: RefProfile | undefined
  accounts: RefProfile | undefined
  /** IDR-39. */
  readonly promoted: Readonly<Record<Collection, ReadonlyArray<RefIdentifier>>>
  /** Traits that it has set and removed. */
  readonly writes: Map<string, unknown>
  readonly violations: ReadonlyArray<string>
  /** Erased (IDR-162), and whom it belonged to: traits that others have through it stay, and so may links. */
  gone: Readonly<Record<Collection, RefProfile | undefined>> | undefined
}

export const windows: Readonly<Record<string, number>> = {
  ever: Number.POSITIVE_INFINITY,
  annually: 365 * 86_400_000,
  monthly: 30 * 86_400_000,
  weekly: 7 * 86_400_000,
  daily: 86_400_000
}

/** IDR-110. */
export const ksuid = (ms: number, text: string): string => {
  const seconds = BigInt(Math.max(0, Math.floor(ms / 1000) - 1_400_000_000))
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 32)
  let n = (seconds << 128n) + BigInt(`0x${digest}`)
  let id = ""
  for (let i = 0; i < 27; i++) {
    id = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".charAt(Number(n % 62n)) + id
    n /= 62n
  }
  return id
}

export const same = (a: RefIdentifier, b: RefIdentifier) =>
  a.collection === b.collection && a.type === b.type && a.value === b.value

export interface Facts {
  readonly messageId: string
  readonly t: number
  readonly receivedAt: number
  /** IDR-142, as `kind type:value`. */
  readonly violations: Array<string>
}
