/** What an entry of our own consists of: what the catalog lists, and who executes it in this process. */
import type { OutboundAnswer, OutboundRequest } from "../../platform/outbound.ts"
import type { CatalogEntry } from "../entry.ts"
import { everyMethod } from "../definitions.ts"
import type { Outcome } from "../runner.ts"

export type Values = Readonly<Record<string, unknown>>

/** One request, with the limits of the entry; recorded with the call. */
export type Send = (request: OutboundRequest) => Promise<OutboundAnswer>

export interface Builtin {
  readonly entry: CatalogEntry
  /** Values that must not be shown, beside settings of type password. */
  readonly call?: (settings: Values, events: ReadonlyArray<string>, send: Send) => Promise<ReadonlyArray<Outcome>>
  readonly testAuthentication?: (
    settings: Values,
    send: Send
  ) => Promise<{ readonly ok: boolean; readonly message: string }>
  readonly deleteUser?: (settings: Values, user: { readonly userId: string }, send: Send) => Promise<Outcome>
}

type Required = Pick<CatalogEntry, "id" | "slug" | "name" | "description" | "categories" | "kind" | "settings">

export const ownEntry = (given: Required & Partial<CatalogEntry>): CatalogEntry => ({
  names: [given.name],
  website: "",
  status: "PUBLIC",
  hidden: false,
  origin: "builtin",
  scheme: "custom",
  actions: [],
  presets: [],
  testsAuthentication: false,
  deletesUsers: false,
  replay: true,
  integrationsDefault: true,
  supportedMethods: everyMethod,
  supportedPlatforms: { browser: true, server: true, mobile: true, warehouse: false },
  cloudModeInstances: "MULTIPLE",
  deviceModeInstances: "NONE",
  components: [{ type: "SERVER", code: given.slug }],
  maxMappings: 0,
  operatorSetup: [],
  ...given
})
