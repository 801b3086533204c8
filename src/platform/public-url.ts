/** Where clients reach this installation (ING-109): the configured URL, else what the request itself says. */
import type { IncomingMessage } from "node:http"
import type { TLSSocket } from "node:tls"
import { type Senders, SettingInvalid } from "./sender.ts"

export interface PublicUrl {
  readonly protocol: "http" | "https"
  /** Host, optional port and path; no trailing slash. */
  readonly host: string
}

/** Names, IPv4 and IPv6 addresses, with port; nothing that could end a string in a script. */
const safeHost = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

/** Throws `SettingInvalid` when `configured` (BRAID_PUBLIC_URL) is no such URL. */
export const makePublicUrl = (configured: string, senders: Senders): ((req: IncomingMessage) => PublicUrl) => {
  if (configured !== "") {
    const url = URL.canParse(configured) ? new URL(configured) : undefined
    const path = url?.pathname.replace(/\/+$/, "") ?? ""
    if (
      url === undefined ||
      (url.protocol !== "http:" && url.protocol !== "https:") ||
      !safeHost.test(url.host) ||
      !/^[A-Za-z0-9._/-]*$/.test(path)
    ) {
      throw new SettingInvalid({
        setting: "BRAID_PUBLIC_URL",
        value: configured,
        expected: "a URL such as https://cdp.example.com"
      })
    }
    const fixed: PublicUrl = { protocol: url.protocol === "http:" ? "http" : "https", host: url.host + path }
    return () => fixed
  }
  return (req) => {
    const proxied = senders.isBehindProxy(req)
    const forwardedHost = proxied ? req.headers["x-forwarded-host"] : undefined
    const asked = typeof forwardedHost === "string" ? forwardedHost.trim() : (req.headers.host ?? "")
    const secure = proxied
      ? String(req.headers["x-forwarded-proto"] ?? "")
          .trim()
          .toLowerCase() === "https"
      : (req.socket as TLSSocket).encrypted === true
    const { localAddress = "127.0.0.1", localPort } = req.socket
    const own = `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`
    return { protocol: secure ? "https" : "http", host: safeHost.test(asked) ? asked : own }
  }
}
