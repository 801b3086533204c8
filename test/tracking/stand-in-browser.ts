/**
 * Just enough of a browser for `analytics-next` to run in `node:vm`: what it reads of a page, and a `fetch` that says
 * where it went. The real thing (Chromium) is a whole-process test; this one needs nothing installed.
 */
import { createContext, runInContext } from "node:vm"

export interface Page {
  /** `METHOD url` of every request, scripts included. */
  readonly requests: ReadonlyArray<string>
  /** The library, once it has started. */
  readonly analytics: Record<string, (...args: ReadonlyArray<unknown>) => Promise<unknown>>
}

const makeStorage = () => {
  const items = new Map<string, string>()
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: unknown) => void items.set(key, String(value)),
    removeItem: (key: string) => void items.delete(key),
    key: (n: number) => [...items.keys()][n] ?? null,
    get length() {
      return items.size
    }
  }
}

const nothing = () => {}

/** Runs `script` on a page of another origin; `loadOptions` and `writeKey` are what its snippet would leave behind. */
export const openPage = (
  script: string,
  options: { readonly writeKey: string; readonly loadOptions?: object; readonly fetch?: typeof fetch }
): Page => {
  const origin = "https://shop.example.com"
  const requests: Array<string> = []
  const element = {
    setAttribute: nothing,
    getAttribute: () => null,
    set src(url: string) {
      requests.push(`GET ${url}`)
    },
    href: `${origin}/`,
    hostname: "shop.example.com",
    protocol: "https:",
    pathname: "/",
    search: ""
  }
  const document = {
    cookie: "",
    readyState: "complete",
    visibilityState: "visible",
    title: "Shop",
    referrer: "",
    querySelectorAll: () => [],
    querySelector: () => null,
    getElementsByTagName: () => [],
    addEventListener: nothing,
    removeEventListener: nothing,
    createElement: () => ({ ...element }),
    head: { appendChild: nothing },
    body: { appendChild: nothing }
  }
  const window: Record<string, unknown> = {
    document,
    location: {
      href: `${origin}/cart`,
      origin,
      host: "shop.example.com",
      hostname: "shop.example.com",
      pathname: "/cart",
      search: "",
      hash: "",
      protocol: "https:"
    },
    navigator: { onLine: true, userAgent: "Mozilla/5.0 Chrome/120.0", language: "de-DE", languages: ["de-DE"] },
    localStorage: makeStorage(),
    sessionStorage: makeStorage(),
    history: { pushState: nothing },
    addEventListener: nothing,
    removeEventListener: nothing,
    fetch: (url: string, init: RequestInit = {}) => {
      requests.push(`${(init.method ?? "GET").toUpperCase()} ${url}`)
      const headers = { ...(init.headers as Record<string, string>), origin }
      return (options.fetch ?? fetch)(url, { ...init, headers })
    },
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    console,
    URL,
    URLSearchParams,
    TextEncoder,
    btoa,
    atob,
    Headers,
    Response,
    crypto: globalThis.crypto,
    analytics: Object.assign([], { _writeKey: options.writeKey, methods: [], _loadOptions: options.loadOptions ?? {} })
  }
  for (const name of ["window", "self", "top"]) window[name] = window
  createContext(window)
  runInContext(script, window)
  return {
    requests,
    get analytics() {
      return window.analytics as Page["analytics"]
    }
  }
}
