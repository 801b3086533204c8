/** The operator's OAuth applications (DST-10), as the setting has them. */
import { Effect, Option, Redacted } from "effect"
import { expect, it } from "vitest"
import { parseOAuthClients } from "../../src/catalog/oauth-clients.ts"

const id = "61957755c4d820be968457de"
const parse = (text: string) => Effect.runPromise(parseOAuthClients(Option.some(Redacted.make(text))))

it("DST-10: clients by metadata id; none without a setting", async () => {
  const client = { clientId: "c", clientSecret: "s" }
  expect(await parse(JSON.stringify({ [id]: client }))).toEqual(new Map([[id, client]]))
  expect(await Effect.runPromise(parseOAuthClients(Option.none()))).toEqual(new Map())
})

it.each([
  ["{", "not JSON"],
  ["[]", "no object"],
  ['{"actions-x":{"clientId":"c","clientSecret":"hush"}}', "no metadata id"],
  [`{"${id}":{"clientId":"c","clientSecret":""},"hush":1}`, "needs the texts"],
  [`{"${id}":null}`, "needs the texts"]
])("%s is refused without telling it", async (text, problem) => {
  const told = await parse(text).then(
    () => "nothing",
    (error: Error) => error.message
  )
  expect(told).toContain(problem)
  expect(told).not.toContain("hush")
})
