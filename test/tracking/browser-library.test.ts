import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { gunzipSync } from "node:zlib"
import { loadBrowserLibrary } from "../../src/tracking/browser-library.ts"
import { type Api, startApi } from "./harness.ts"

let api: Api
beforeEach(async () => {
  api = await startApi()
})
afterEach(async () => {
  await api.close()
})

/** Segment's hosts, in patterns too. `Segment.io`, in capitals, is the name of an integration. */
const segmentHost = /segment\\?\.\(?(?:com|io|build)|segmentapis/
const hosts = (text: string) => [...new Set(text.match(/(?:https?:)?\/\/[\w.-]+(?::\d+)?/g) ?? [])]

describe("ING-152, ING-153: settings document", () => {
  it("AC1-30: ours for a known key, text for an unknown one, minimal for a disabled source", async () => {
    const host = new URL(api.url).host
    const known = await api.send("/v1/projects/W/settings")
    expect(known.status).toBe(200)
    expect(known.headers).toMatchObject({
      "content-type": "application/json",
      "access-control-allow-origin": "*",
      "cache-control": "public, max-age=120"
    })
    expect(known.json).toEqual({
      integrations: {
        "Segment.io": {
          apiKey: "W",
          apiHost: `${host}/v1`,
          protocol: "http",
          retryQueue: true,
          addBundledMetadata: true,
          unbundledIntegrations: [],
          maybeBundledConfigIds: {},
          versionSettings: {
            version: "4.4.7",
            componentTypes: ["browser"]
          }
        }
      },
      plan: {
        track: {
          __default: {
            enabled: true,
            integrations: {}
          }
        },
        identify: { __default: { enabled: true } },
        group: { __default: { enabled: true } }
      },
      middlewareSettings: { routingRules: [] },
      enabledMiddleware: {},
      remotePlugins: [],
      metrics: {
        sampleRate: 0,
        host: `${host}/v1`
      },
      legacyVideoPluginsEnabled: false,
      edgeFunction: {},
      autoInstrumentationSettings: { sampleRate: 0 }
    })
    expect(known.text).not.toContain("null")
    expect(known.text).not.toMatch(segmentHost)

    const unknown = await api.send("/v1/projects/nobody/settings")
    expect([unknown.status, unknown.headers["content-type"]]).toEqual([404, "text/plain; charset=utf-8"])
    const disabled = await api.send("/v1/projects/D/settings/")
    expect([disabled.status, Object.keys(disabled.json!)]).toEqual([200, Object.keys(known.json!)])
  })

  it("ING-152: unchanged documents are answered 304", async () => {
    const { headers } = await api.send("/v1/projects/W/settings")
    const again = await api.send("/v1/projects/W/settings", { headers: { "if-none-match": headers.etag! } })
    expect([again.status, again.text, again.headers.etag]).toEqual([304, "", headers.etag])
  })

  it.each([
    ["https://cdp.example.com/", "cdp.example.com/v1", "https"],
    ["http://example.com:9000/cdp", "example.com:9000/cdp/v1", "http"]
  ])("ING-109: the public URL %s gives apiHost %s", async (publicUrl, apiHost, protocol) => {
    const fixed = await startApi({ settings: { publicUrl } })
    const reply = await fixed.send("/v1/projects/W/settings")
    expect((reply.json!.integrations as Record<string, unknown>)["Segment.io"]).toMatchObject({ apiHost, protocol })
    await fixed.close()
  })
  it.each(["cdp.example.com", "ftp://x", 'https://x/"y'])("ING-109: %s is refused at start", (publicUrl) =>
    expect(startApi({ settings: { publicUrl } })).rejects.toThrow(/BRAID_PUBLIC_URL.*https:\/\/cdp/)
  )
  it("ING-109: a Host header that is none is not repeated; a trusted proxy may say https", async () => {
    const proxied = await startApi({ settings: { trustedProxies: ["127.0.0.1"] } })
    const headers = { host: 'x"+alert(1)+"' }
    const odd = await proxied.send("/v1/projects/W/settings", { headers })
    expect(odd.text).not.toContain("alert")
    const secure = await proxied.send("/v1/projects/W/settings", {
      headers: { host: "inner", "x-forwarded-host": "cdp.example.com", "x-forwarded-proto": "https" }
    })
    expect((secure.json!.integrations as Record<string, unknown>)["Segment.io"]).toMatchObject({
      apiHost: "cdp.example.com/v1",
      protocol: "https"
    })
    await proxied.close()
  })
})

describe("ING-155, ING-157: browser library", () => {
  it("ING-157: served with our key and hosts, for five minutes", async () => {
    const reply = await api.send("/analytics.js/v1/W/analytics.min.js")
    expect(reply.status).toBe(200)
    expect(reply.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=300",
      vary: "Accept-Encoding"
    })
    const host = new URL(api.url).host
    expect(reply.text).toContain('window.analyticsWriteKey="W"')
    expect(reply.text).toContain(`"${host}/v1"`)
    expect(reply.text).toContain(`"http://${host}/analytics-next/bundles/"`)
    expect(() => new Function(reply.text)).not.toThrow()
    expect((await api.send("/analytics.js/v1/nobody/analytics.min.js")).status).toBe(404)
  })

  it("ING-155: nothing that is served names a host of Segment", async () => {
    const { chunks } = loadBrowserLibrary()
    expect(chunks.length).toBeGreaterThan(5)
    const own = `//${new URL(api.url).host}`
    const allowed = new Set([
      "https://developer.mozilla.org",
      "https://www.googleapis.com",
      "https://api.vimeo.com",
      "https://cdnjs.cloudflare.com",
      "http://www.w3.org"
    ])
    const files = ["/analytics.js/v1/W/analytics.min.js", ...chunks.map((file) => `/analytics-next/bundles/${file}`)]
    const found = []
    for (const path of files) {
      const { status, text } = await api.send(path)
      const foreign = hosts(text).filter((host) => !host.endsWith(own) && !allowed.has(host))
      const segment = text.match(segmentHost)?.[0]
      found.push({ path, status, foreign, segment, map: text.includes("sourceMappingURL") })
    }
    const clean = { status: 200, foreign: [], segment: undefined, map: false }
    expect(found).toEqual(files.map((path) => ({ path, ...clean })))
  })

  it("ING-157: every chunk that the library may load is there, and immutable", async () => {
    const { main, chunks, chunk } = loadBrowserLibrary()
    const table = /"\.bundle\."\+\{([^}]*)\}/.exec(main("W", { protocol: "http", host: "h" }))![1]!
    const named = [...table.matchAll(/:"([0-9a-f]{20})"/g)].map((match) => match[1]!)
    expect(named.length).toBe(chunks.length)
    for (const hash of named) expect(chunks.some((file) => file.includes(hash))).toBe(true)
    const reply = await api.send(`/analytics-next/bundles/${chunks[0]}`)
    expect(reply.headers["cache-control"]).toBe("public, max-age=31536000, immutable")
    expect(reply.text).toBe(chunk(chunks[0]!))
  })

  it("ING-157: compressed where that is accepted, each form with its own ETag", async () => {
    const path = "/analytics.js/v1/W/analytics.min.js"
    const plain = await api.send(path)
    const zipped = await api.send(path, { headers: { "accept-encoding": "br, gzip;q=0.8" } })
    expect(zipped.headers["content-encoding"]).toBe("gzip")
    expect(gunzipSync(zipped.bytes).toString()).toBe(plain.text)
    expect(zipped.headers.etag).not.toBe(plain.headers.etag)
    for (const accepted of ["gzip;q=0", "br"]) {
      const reply = await api.send(path, { headers: { "accept-encoding": accepted } })
      expect(reply.headers["content-encoding"]).toBeUndefined()
    }
    const head = await api.send(path, { method: "HEAD" })
    expect([head.status, head.bytes.length, head.headers["content-length"]]).toEqual([
      200,
      0,
      String(plain.bytes.length)
    ])
  })

  it.each([
    "/analytics-next/bundles/../../package.json",
    "/analytics-next/bundles/..%2f..%2fpackage.json",
    "/analytics-next/bundles/index.js",
    "/analytics-next/bundles/standalone.js.map",
    "/analytics-next/bundles/",
    "/analytics-next/bundles/%00",
    "/analytics-next/",
    "/analytics.js/v1/W/../../secret",
    "/analytics.js/v1/W/analytics.classic.js"
  ])("ING-157: %s is not found", async (path) => expect((await api.send(path)).status).toBe(404))
})
