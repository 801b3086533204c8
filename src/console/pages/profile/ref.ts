/** The profile that an address names. */
export interface ProfileRef {
  readonly space: string
  readonly collection: "USERS" | "ACCOUNTS"
  readonly id: string
}
