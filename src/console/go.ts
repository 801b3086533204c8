/**
 * Addresses that lead elsewhere: `/w/{workspace}/…` as links of the design have them (a service has one workspace, so the name is not
 * looked at), and `/go/{anything}`, which is looked up as the search does. Pure; see test/console/console.test.ts.
 */
import { hitAddress } from "./shell/palette-items.ts"
import type { PaletteSearchData } from "./shell/shell.gql.ts"

/** Pages that the design has outside of spaces, as they are here: in the first space that may be opened. */
const ofWorkspace: Readonly<Record<string, string>> = {
  "": "/profiles",
  live: "/live",
  health: "/health",
  audit: "/insights/audit"
}

/** Links of alerts name no space: sources and destinations are of the workspace. */
const ofConnections = /^(?:sources|destinations)(?:\/|$)/

/** `rest`: behind the name of the workspace. Undefined: there is no such page. */
export const workspaceAddress = (rest: string, firstSpace: string | undefined): string | undefined => {
  if (/^s\/[^/]+/.test(rest)) return `/${rest}`
  const page = ofWorkspace[rest.replace(/\/$/, "")] ?? (ofConnections.test(rest) ? `/${rest}` : undefined)
  return page === undefined || firstSpace === undefined ? undefined : `/s/${firstSpace}${page}`
}

type Hit = PaletteSearchData["search"]["hits"][number]

interface SpaceLike {
  readonly id: string
  readonly slug: string
}

/** Where a hit is; those of the whole workspace are shown in the first space. Undefined: in a space that may not be opened. */
export const addressOfHit = (hit: Hit, spaces: ReadonlyArray<SpaceLike>): string | undefined => {
  const space = hit.spaceId === null ? spaces[0] : spaces.find(({ id }) => id === hit.spaceId)
  return space === undefined ? undefined : hitAddress(hit, space.slug)
}

const exact: ReadonlySet<Hit["match"]> = new Set(["ID", "MERGED_ID", "HOLDS_IDENTIFIER", "WRITE_KEY"])

/** The one that is meant, when that is clear: the only exact hit, else the only one. */
export const clearHit = (hits: ReadonlyArray<Hit>): Hit | undefined => {
  const exactly = hits.filter(({ match }) => exact.has(match))
  const [only, ...others] = exactly.length > 0 ? exactly : hits
  return others.length === 0 ? only : undefined
}
