/** The configuration file of a new installation: one source, one space, one token, with secrets of their own. */
import { mkdirSync, openSync, closeSync, fsyncSync, renameSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { sha256Hex } from "../platform/hash.ts"
import { defaultLimits } from "./configured.ts"
import { newSpaceId, newTokenSecret, newWriteKey } from "./secrets.ts"

export interface InitialSecrets {
  readonly writeKey: string
  readonly spaceId: string
  readonly token: string
}

/** Formats of ING-20 (write key) and IDR-3 (space id). */
export const newSecrets = (): InitialSecrets => ({
  writeKey: newWriteKey(),
  spaceId: newSpaceId(),
  token: newTokenSecret()
})

/** The token is stored hashed (PRO-4); the write key has to be readable, clients carry it in public (ING-23). */
export const initialConfiguration = (secrets: InitialSecrets) => ({
  sources: [
    {
      id: "src_website",
      slug: "website",
      name: "Website",
      kind: "website",
      writeKeys: [secrets.writeKey],
      enabled: true
    }
  ],
  spaces: [{ id: secrets.spaceId, slug: "main", name: "Main", kind: "dev", sources: ["website"] }],
  tokens: [
    { name: "first token", space: "main", secret: `sha256:${sha256Hex(secrets.token)}`, scopes: ["profiles:read"] }
  ],
  limits: defaultLimits
})

/** Readable by its owner only, and never half written. */
export const writeConfigurationFile = (file: string, configuration: unknown): void => {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}.tmp`
  const descriptor = openSync(draft, "w", 0o600)
  try {
    writeFileSync(descriptor, `${JSON.stringify(configuration, undefined, 2)}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(draft, file)
}

/** What a person sees once, on standard output. */
export const describeSecrets = (file: string, secrets: InitialSecrets): string =>
  [
    "",
    `  A new configuration was written to ${file}`,
    "",
    `    write key       ${secrets.writeKey}    for your client libraries`,
    `    profile token   ${secrets.token}    for the Profile API; shown only now, stored hashed`,
    `    space           ${secrets.spaceId}`,
    "",
    "  `braid token` (npm run braid -- token) makes a token that signs you in to the console and may change everything.",
    ""
  ].join("\n")
