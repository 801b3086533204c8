/** What an attempt came to (DEL-3, DEL-6, CAT-6, CAT-7). */
import { createRequire } from "node:module"
import { describe, expect, it } from "vitest"
import { ofError, ofMember, ofStatus, retryAfter } from "../../src/catalog/outcome.ts"
import type { Outcome } from "../../src/catalog/runner.ts"
import type { Definition } from "../../src/catalog/worker/package.ts"
import { packageHere, webhook } from "./support.ts"

const shown = (outcome: Outcome | undefined) =>
  outcome === undefined || outcome.kind === "delivered"
    ? outcome?.kind
    : `${outcome.code} ${outcome.retry ? "retry" : "final"}`

describe("statuses (DEL-3)", () => {
  it.each([
    [200, "delivered"],
    [204, "delivered"],
    [307, "307 final"],
    [400, "400 final"],
    [401, "401 final"],
    [403, "403 final"],
    [404, "404 final"],
    [408, "ETIMEDOUT retry"],
    [423, "423 retry"],
    [429, "429 retry"],
    [500, "500 retry"],
    [501, "501 final"],
    [503, "503 retry"]
  ])("AC4-40: %i is %s", (status, expected) => {
    expect(shown(ofStatus(status, ""))).toBe(expected)
  })
})

const error = (name: string, more: object = {}) => Object.assign(new Error("said"), { name, ...more })

describe("errors (CAT-7)", () => {
  it.each([
    ["HTTPError", error("HTTPError", { response: { status: 503 } }), "503 retry"],
    ["HTTPError of a refusal", error("HTTPError", { response: { status: 404 } }), "404 final"],
    ["IntegrationError", error("IntegrationError", { status: 400, code: "X" }), "400 final"],
    ["IntegrationError, status as text", error("IntegrationError", { status: "429" }), "429 retry"],
    ["PayloadValidationError", error("PayloadValidationError", { status: 400 }), "MESSAGE_REJECTED final"],
    [
      "its code alone",
      error("IntegrationError", { status: 400, code: "PAYLOAD_VALIDATION_FAILED" }),
      "MESSAGE_REJECTED final"
    ],
    [
      "InvalidAudienceMembershipError",
      error("InvalidAudienceMembershipError", { status: 400 }),
      "MESSAGE_REJECTED final"
    ],
    ["APIError", error("APIError", { status: 502, code: "502" }), "502 retry"],
    ["SelfTimeoutError", error("SelfTimeoutError", { status: 408 }), "ETIMEDOUT retry"],
    ["RetryableError", error("RetryableError", { status: 500, code: "RETRYABLE_ERROR" }), "RETRY retry"],
    ["InvalidAuthenticationError", error("InvalidAuthenticationError", { status: 401 }), "401 final"],
    ["AggregateAjvError", error("AggregateAjvError", { status: 400 }), "MESSAGE_REJECTED final"],
    ["AggregateError", error("AggregateError"), "INVALID_SETTINGS final"],
    ["FetchError", error("FetchError", { code: "ECONNRESET" }), "ECONNRESET retry"],
    ["refused", error("Error", { code: "ECONNREFUSED" }), "ECONNREFUSED retry"],
    ["unknown host", error("Error", { code: "ENOTFOUND" }), "ENOTFOUND retry"],
    ["inside of another error", error("Error", { cause: error("Error", { code: "EAI_AGAIN" }) }), "EAI_AGAIN retry"],
    ["TimeoutError", error("TimeoutError", { code: "ETIMEDOUT" }), "ETIMEDOUT retry"],
    ["RequestClientError", error("RequestClientError", { status: 408 }), "ETIMEDOUT retry"],
    ["RequestTimeoutError", error("RequestTimeoutError", { status: 408 }), "ETIMEDOUT retry"],
    ["self-signed certificate", error("Error", { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }), "TLS_ERROR retry"],
    ["expired certificate", error("Error", { code: "CERT_HAS_EXPIRED" }), "TLS_ERROR retry"],
    ["another host's certificate", error("Error", { code: "ERR_TLS_CERT_ALTNAME_INVALID" }), "TLS_ERROR retry"],
    ["handshake", error("Error", { code: "EPROTO" }), "EPROTO retry"],
    ["an answer that is no HTTP", error("FetchError", { code: "HPE_INVALID_CONSTANT" }), "EPROTO retry"],
    ["refused address", error("EgressRefused", { code: "EEGRESS" }), "INVALID_SETTINGS final"],
    ["a header that cannot be sent", error("TypeError", { code: "ERR_INVALID_CHAR" }), "INVALID_SETTINGS final"],
    ["liquid", error("ParseError"), "INVALID_SETTINGS final"],
    ["an SDK's error", error("AccessDenied", { $metadata: { httpStatusCode: 403 } }), "403 final"],
    ["a fault of the action", new TypeError("x is not a function"), "INTERNAL retry"],
    ["thrown text", "oops", "INTERNAL retry"]
  ])("%s", (_name, thrown, expected) => {
    expect(shown(ofError(thrown))).toBe(expected)
  })

  it("AC4-41: carries what the destination asked for", () => {
    expect(ofError(error("HTTPError", { response: { status: 429 } }), 300_000)).toMatchObject({ retryAfterMs: 300_000 })
  })
})

describe("Retry-After (DEL-6)", () => {
  const now = Date.parse("2026-01-01T00:00:00Z")
  it.each([
    ["300", 300_000],
    ["31536000", 31_536_000_000],
    ["Thu, 01 Jan 2026 00:05:00 GMT", 300_000],
    ["Thursday, 01-Jan-26 00:05:00 GMT", 300_000],
    ["Thu Jan  1 00:05:00 2026", 300_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["soon", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["2026-01-01T00:05:00Z", undefined],
    ["", undefined]
  ])("AC4-74: %s", (header, expected) => {
    expect(retryAfter(header, now)).toBe(expected)
  })
})

describe("members of a batch", () => {
  it.each([
    [{ status: 200 }, "delivered"],
    [{ status: 400, errormessage: "no" }, "400 final"],
    [{ status: 500 }, "500 retry"],
    [{ status: 400, errortype: "PAYLOAD_VALIDATION_FAILED", errorreporter: "INTEGRATIONS" }, "MESSAGE_REJECTED final"],
    [{ status: 400, errortype: "PAYLOAD_VALIDATION_FAILED", errorreporter: "DESTINATION" }, "400 final"],
    [undefined, "INTERNAL retry"]
  ])("%j is %s", (member, expected) => {
    expect(shown(ofMember(member))).toBe(expected)
  })
})

const require = createRequire(import.meta.url)
const { MultiStatusResponse } = require("@segment/actions-core") as {
  MultiStatusResponse: new () => { pushSuccessResponse: (it: object) => void; pushErrorResponse: (it: object) => void }
}

const perMember: Definition = {
  name: "Per member",
  slug: "per-member",
  actions: {
    send: {
      title: "Send",
      fields: {},
      perform: () => {},
      performBatch: () => {
        const answer = new MultiStatusResponse()
        answer.pushSuccessResponse({ status: 200, sent: {}, body: {} })
        answer.pushErrorResponse({ status: 400, errormessage: "bad" })
        answer.pushErrorResponse({ status: 500, errormessage: "down" })
        return answer
      }
    }
  } as Definition["actions"]
}

describe("through the kit", () => {
  let status = 200
  const { call } = packageHere(() => ({ status, headers: { "retry-after": "7" }, body: "the reason" }), {
    "per-member": perMember
  })
  const mapping = { url: "https://stub.test/", method: "POST", data: {} }
  const events = [{ type: "track" }, { type: "track" }, { type: "track" }]

  it("AC4-47: each member of a batch has its own outcome", async () => {
    const { outcomes } = await call("per-member", "send", {}, events)
    expect(outcomes.map(shown)).toEqual(["delivered", "400 final", "500 retry"])
  })

  it("DST-103: a batch that fails as a whole fails for every member", async () => {
    status = 429
    const { outcomes } = await call(webhook, "send", mapping, events)
    expect(outcomes.map(shown)).toEqual(["429 retry", "429 retry", "429 retry"])
    expect(outcomes[0]).toMatchObject({ retryAfterMs: 7_000, message: "the reason" })
  })

  it("AC4-48: an action that the entry does not have is a fault of the mapping, never a delivery", async () => {
    const { outcomes } = await call(webhook, "nope", mapping, [{ type: "track" }])
    expect(outcomes).toMatchObject([{ code: "INVALID_SETTINGS", retry: false }])
  })

  it("an entry that there is not is UNKNOWN_INTEGRATION", async () => {
    expect((await call("000000000000000000000000", "send", {}, { type: "track" })).outcomes).toMatchObject([
      { code: "UNKNOWN_INTEGRATION", retry: false }
    ])
  })

  it("an action without a batch form says so, finally", async () => {
    const noop = "6470d73d82dfbc7129fc5975"
    const slack = "5f7dd8e302173ff732db5cc4"
    expect((await call(slack, "postToChannel", {}, [{ type: "track" }])).outcomes).toMatchObject([
      { code: "501", retry: false }
    ])
    expect((await call(noop, "noop", {}, { type: "track" })).outcomes.length).toBe(1)
  })
})
