/**
 * Which request is for the Tracking API, and what it asks (ING-1). Doubled and trailing slashes are tolerated and
 * never answered by a redirect (ING-2). Long names are server class, short ones client class.
 */
import { type MessageType, messageTypes } from "../event/message.ts"

export type Route =
  | { readonly kind: "message"; readonly type: MessageType; readonly client: boolean }
  | { readonly kind: "batch"; readonly client: boolean }
  | { readonly kind: "self-metrics" }
  | { readonly kind: "pixel"; readonly type: MessageType }
  | { readonly kind: "settings"; readonly writeKey: string }
  | { readonly kind: "library"; readonly writeKey: string }
  | { readonly kind: "bundle"; readonly file: string }
  /** Below our prefixes, but nothing is there. */
  | { readonly kind: "unknown" }

const fixed = new Map<string, Route>([
  ["/v1/batch", { kind: "batch", client: false }],
  ["/v1/import", { kind: "batch", client: false }],
  ["/v1/b", { kind: "batch", client: true }],
  ["/v1/m", { kind: "self-metrics" }]
])
for (const type of messageTypes) {
  fixed.set(`/v1/${type}`, { kind: "message", type, client: false })
  fixed.set(`/v1/${type[0]}`, { kind: "message", type, client: true })
  fixed.set(`/v1/pixel/${type}`, { kind: "pixel", type })
}

const unknown: Route = { kind: "unknown" }
/** What others serve below `/v1/` (spec 03: PRO-2). */
const others = new Set(["spaces", "namespaces"])

/** The path without query, doubled slashes and trailing slash. */
const pathOf = (url: string): string => {
  const query = url.search(/[?#]/)
  let path = query === -1 ? url : url.slice(0, query)
  if (path.charCodeAt(0) !== 47) path = path.replace(/^https?:\/\/[^/]*/i, "")
  if (path.includes("//")) path = path.replace(/\/{2,}/g, "/")
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path
}

/** The route of a request target; undefined when it is not ours. */
export const findRoute = (url: string): Route | undefined => {
  const direct = fixed.get(url)
  if (direct !== undefined) return direct
  const path = pathOf(url)
  const known = fixed.get(path)
  if (known !== undefined) return known
  const parts = path.split("/")
  if (parts[1] === "v1") {
    if (parts[2] === undefined || others.has(parts[2])) return undefined
    return parts[2] === "projects" && parts.length === 5 && parts[4] === "settings"
      ? { kind: "settings", writeKey: parts[3]! }
      : unknown
  }
  if (parts[1] === "analytics.js") {
    return parts[2] === "v1" && parts.length === 5 && parts[4] === "analytics.min.js"
      ? { kind: "library", writeKey: parts[3]! }
      : unknown
  }
  if (parts[1] === "analytics-next") {
    return parts[2] === "bundles" && parts.length === 4 ? { kind: "bundle", file: parts[3]! } : unknown
  }
  return undefined
}
