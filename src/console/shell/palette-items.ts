/** What the palette offers for a text: what the service found, what can be done with it, and pages by name. Pure. */
import { identifierIn } from "../url-state.ts"
import type { PaletteSearchData } from "./shell.gql.ts"

export interface PaletteItem {
  readonly id: string
  readonly group: string
  readonly icon: "profile" | "event" | "source" | "space" | "audit" | "merge" | "run" | "page" | "do"
  readonly title: string
  readonly detail?: string
  /** Segment id, for the square beside the title. */
  readonly profile?: string
  /** Address below `/console`. */
  readonly to: string
}

type Hit = PaletteSearchData["search"]["hits"][number]
type Found = PaletteSearchData["search"]

interface SpaceLike {
  readonly id: string
  readonly slug: string
  readonly name: string
}

const icons: Readonly<Record<Hit["kind"], PaletteItem["icon"]>> = {
  PROFILE: "profile",
  EVENT: "event",
  SOURCE: "source",
  SPACE: "space",
  AUDIT_ENTRY: "audit",
  MERGE: "merge",
  WHAT_IF_RUN: "run",
  TOKEN: "audit"
}

const query = (values: Readonly<Record<string, string>>) => `?${new URLSearchParams(values).toString()}`

export const hitAddress = (hit: Hit, slug: string): string => {
  const base = `/s/${slug}`
  const id = encodeURIComponent(hit.id)
  switch (hit.kind) {
    case "PROFILE":
      return `${base}/profiles/${id}/overview`
    case "EVENT":
      return `${base}/explain/${id}`
    case "SOURCE":
      return `${base}/sources/${id}/overview`
    case "SPACE":
      return `${base}/profiles`
    case "MERGE":
      return hit.profile === null ? `${base}/insights/success` : `${base}/profiles/${hit.profile.segmentId}/graph`
    case "WHAT_IF_RUN":
      return `${base}/what-if/${id}`
    default:
      return `${base}/insights/audit${query({ e: hit.id })}`
  }
}

const pages: ReadonlyArray<readonly [title: string, path: string, words: string]> = [
  ["Live events", "/live", "debugger stream arriving"],
  ["Sources", "/sources", "schema events properties traits"],
  ["Destinations", "/destinations", "connections mappings filters delivery webhook"],
  ["Catalog", "/catalog", "add destination integrations tools"],
  ["Consent categories", "/consent-categories", "privacy agree banner destinations"],
  ["OAuth applications", "/oauth-applications", "tokens keys servers sources"],
  ["Profiles", "/profiles", "people users accounts"],
  ["Identity rules", "/rules", "limits priority blocked identifiers"],
  ["Explain an event", "/explain", "dry run decision why"],
  ["What-if", "/what-if", "try rules replay clusters"],
  ["Errors and violations", "/insights/violations", "insights demoted blocked limit"],
  ["Success logs", "/insights/success", "insights created mapped merged"],
  ["Audit trail", "/insights/audit", "who changed"],
  ["Contended identifiers", "/insights/contended", "insights shared near limits"],
  ["Why were two not merged?", "/insights/not-merged", "insights compare"],
  ["Health", "/health", "behind lag status"]
]

const actions = (text: string, found: Found | undefined, slug: string): ReadonlyArray<PaletteItem> => {
  const identifier = found?.identifier ?? identifierIn(text)
  if (identifier === undefined || identifier === null) return []
  const named = `${identifier.type}:${identifier.id}`
  return [
    {
      id: "do-live",
      group: "Do",
      icon: "do",
      title: "Show live events with this value",
      to: `/s/${slug}/live${query({ q: identifier.id })}`
    },
    {
      id: "do-violations",
      group: "Do",
      icon: "do",
      title: "Show where it was not used",
      detail: "Insights",
      to: `/s/${slug}/insights/violations${query({ type: identifier.type, id: identifier.id, range: "30d" })}`
    },
    {
      id: "do-merge",
      group: "Do",
      icon: "do",
      title: "Why was it not merged with another?",
      to: `/s/${slug}/insights/not-merged${query({ a: named })}`
    }
  ]
}

/** `space`: of the page; its objects come first. */
export const paletteItems = (
  text: string,
  found: Found | undefined,
  space: SpaceLike,
  spaces: ReadonlyArray<SpaceLike>
): ReadonlyArray<PaletteItem> => {
  const items: Array<PaletteItem> = []
  for (const [i, hit] of (found?.hits ?? []).entries()) {
    const home = hit.spaceId === null ? space : spaces.find(({ id }) => id === hit.spaceId)
    if (home === undefined) continue
    items.push({
      id: `hit-${i}`,
      group: hit.spaceId === null ? "In the workspace" : `In ${home.name}`,
      icon: icons[hit.kind],
      title: hit.title,
      detail: hit.text,
      ...(hit.kind === "PROFILE" ? { profile: hit.id } : {}),
      to: hitAddress(hit, home.slug)
    })
  }
  items.push(...actions(text, found, space.slug))
  const words = text.toLowerCase().trim()
  for (const [title, path, others] of pages)
    if (words === "" || `${title} ${others}`.toLowerCase().includes(words))
      items.push({ id: `page-${path}`, group: "Go to", icon: "page", title, to: `/s/${space.slug}${path}` })
  return items
}

const classNames: Readonly<Record<string, string>> = {
  SEGMENT_ID: "segment id",
  WRITE_KEY: "write key",
  MESSAGE_ID: "message id",
  OBJECT_ID: "object id",
  REQUEST_ID: "request id",
  WORDS: "words"
}

/** What the text was taken for. */
export const classTitle = (found: Found | undefined): string | undefined =>
  found === undefined
    ? undefined
    : found.class === "IDENTIFIER"
      ? (found.identifier?.type ?? "identifier")
      : classNames[found.class]
