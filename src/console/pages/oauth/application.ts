/** An OAuth application as a form (ING-142). Pure. */
import type { OAuthScope } from "../../api/public-types.ts"

const day = 86_400

/** How long its tokens last, in seconds. */
export const lifetimes: ReadonlyArray<readonly [seconds: number, title: string]> = [
  [day, "1 day"],
  [2 * day, "2 days"],
  [3 * day, "3 days"],
  [7 * day, "1 week"],
  [14 * day, "2 weeks"],
  [21 * day, "3 weeks"],
  [30 * day, "30 days"]
]

export const lifetimeText = (seconds: number): string =>
  lifetimes.find(([each]) => each === seconds)?.[1] ?? `${Math.round(seconds / 3600)} hours`

export const scopeTitles: Readonly<Record<OAuthScope, string>> = {
  "tracking_api:write": "Send events to the sources that it is connected to",
  "functions:write": "Send to source functions",
  "public_api:read_write": "The whole Public API, as an owner of the workspace"
}

/** Before it leaves the browser: a private key is nobody's to have. */
export const keyProblem = (pem: string): string | undefined => {
  if (pem.includes("PRIVATE KEY")) return "This is the private key. Keep it, and paste the public one."
  return /^\s*-----BEGIN PUBLIC KEY-----\s[\s\S]+-----END PUBLIC KEY-----\s*$/.test(pem)
    ? undefined
    : "A public key begins with -----BEGIN PUBLIC KEY-----."
}
