/** Secrets of a destination (DST-9): how each is sealed, opened, and shown. */
import { Effect } from "effect"
import { type Vault, VaultLocked } from "../platform/vault.ts"

/** By name of the setting. */
export type Sealed = Readonly<Record<string, string>>

/** Stands for the OAuth tokens among the names of settings. */
export const tokensPlace = "oauth"

/** ADM-22. */
export const mask = "••••••••"

/** What a client sends back that read a secret. */
export const isMask = (value: unknown): boolean => typeof value === "string" && /^•+$/.test(value)

const place = (destinationId: string, key: string): string => `setting ${key} of the destination ${destinationId}`

export const sealSecret = (
  vault: Vault["Service"],
  destinationId: string,
  key: string,
  value: unknown
): Effect.Effect<string, VaultLocked> =>
  Effect.try({
    try: () => vault.seal(JSON.stringify(value), place(destinationId, key)),
    catch: (error) => (error instanceof VaultLocked ? error : new VaultLocked({ reason: String(error) }))
  })

/** What cannot be opened is named, with the reason. */
export const openSecrets = (
  vault: Vault["Service"],
  destinationId: string,
  sealed: Sealed
): { readonly secrets: Readonly<Record<string, unknown>>; readonly unreadable: ReadonlyArray<string> } => {
  const secrets: Record<string, unknown> = {}
  const unreadable: Array<string> = []
  for (const [key, text] of Object.entries(sealed)) {
    try {
      secrets[key] = JSON.parse(vault.open(text, place(destinationId, key)))
    } catch (error) {
      if (!(error instanceof VaultLocked)) throw error
      unreadable.push(`${key} (it cannot be decrypted: ${error.reason})`)
    }
  }
  return { secrets, unreadable }
}
