/** Pure parts of what is set beside destinations and sources: consent, OAuth applications, modes, lists of fields. */
import { describe, expect, it } from "vitest"
import { idOf, idProblem, neededFor, offered } from "../../src/console/pages/consent/category.ts"
import { linesOf } from "../../src/console/pages/destinations/lines.ts"
import { hasBothModes, hasDeviceMode } from "../../src/console/pages/destinations/modes.ts"
import { keyProblem, lifetimes, lifetimeText } from "../../src/console/pages/oauth/application.ts"
import { tokenLifetimes } from "../../src/workspace/oauth-token.ts"

const entry = (id: string, name: string) => ({ id, name })
const one = (name: string, enabled: boolean, metadataIds: ReadonlyArray<string>) => ({
  id: name,
  name,
  enabled,
  metadataIds
})

describe("categories of consent (PRV-60)", () => {
  it.each([
    ["Advertising", "Advertising"],
    ["Ads & more", "Ads_more"],
    ["3rd parties", "rd_parties"],
    ["Qualität", "Qualita_t"],
    ["!", ""]
  ])("%s suggests the id %j", (name, id) => expect(idOf(name)).toBe(id))

  it.each([
    ["ads", true],
    ["C0003", true],
    ["Ünique", true],
    ["a".repeat(34), true],
    ["a".repeat(35), false],
    ["3ads", false],
    ["my ads", false],
    ["", false],
    ["taken", false]
  ])("the id %j is fine: %s", (id, fine) => expect(idProblem(id, ["taken"]) === undefined).toBe(fine))

  it("offers entries that are in use or mapped, by name, each once; one that left the catalog by its id", () => {
    const used = ["z", "b", "b"].map((id) => ({ metadata: { id, name: id.toUpperCase() } }))
    expect(offered(used, ["c", "gone"], [entry("c", "Air"), entry("d", "Dust")])).toEqual([
      entry("c", "Air"),
      entry("b", "B"),
      entry("gone", "gone"),
      entry("z", "Z")
    ])
  })

  it("needed is what is enforced and mapped", () => {
    expect(neededFor("e", [one("A", true, ["e"]), one("B", false, ["e"]), one("C", true, ["f"])])).toEqual(["A"])
  })
})

describe("OAuth applications (ING-142)", () => {
  it("offer the lifetimes that the service takes", () => {
    expect(lifetimes.map(([seconds]) => seconds)).toEqual(tokenLifetimes)
    expect(lifetimeText(604_800)).toBe("1 week")
  })

  it.each([
    ["-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n", "fine"],
    ["-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "private"],
    ["-----BEGIN RSA PRIVATE KEY-----", "private"],
    ["ssh-rsa AAAA", "begins with"],
    ["-----BEGIN PUBLIC KEY-----\nMIIB", "begins with"]
  ])("a key is looked at before it is sent: %j", (pem, says) => expect(keyProblem(pem) ?? "fine").toContain(says))
})

describe("destinations", () => {
  it.each([
    ["MULTIPLE", "SINGLE", true, true],
    ["MULTIPLE", "NONE", false, false],
    ["NONE", "SINGLE", true, false],
    ["MULTIPLE", undefined, false, false]
  ])("DST-26: cloud %s, device %s", (cloudModeInstances, deviceModeInstances, device, both) => {
    const entry = {
      supportedFeatures: { cloudModeInstances, ...(deviceModeInstances === undefined ? {} : { deviceModeInstances }) }
    }
    expect([hasDeviceMode(entry), hasBothModes(entry)]).toEqual([device, both])
  })

  it("DEL-82: fields are lines, without blanks around them, each once", () =>
    expect(linesOf(" email \n\nphone\nemail\n first name")).toEqual(["email", "phone", "first name"]))
})
