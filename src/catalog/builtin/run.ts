/** Executes an entry of our own: its requests under the same rules as those of the package, its exchanges recorded alike. */
import type { Egress } from "../../platform/egress.ts"
import { type Hop, send } from "../../platform/outbound.ts"
import { exchangeOf, maskFor } from "../masking.ts"
import { failed, ofError } from "../outcome.ts"
import type { ActionCall, CallResult, Outcome, Target } from "../runner.ts"
import type { Builtin, Send } from "./builtin.ts"

const recorded =
  (egress: Egress, hops: Array<Hop>, signal: AbortSignal): Send =>
  (request) =>
    send(egress, { ...request, signal, onHop: (hop) => hops.push(hop) })

const messageOf = (outcome: Outcome) => (outcome.kind === "failed" ? outcome.message : "")

export const callBuiltin = async (
  egress: Egress,
  builtin: Builtin,
  { events, recordAll, settings }: ActionCall,
  signal: AbortSignal
): Promise<CallResult> => {
  const hops: Array<Hop> = []
  const { call, entry } = builtin
  const all = (outcome: Outcome) => events.map(() => outcome)
  let outcomes: ReadonlyArray<Outcome>
  try {
    outcomes =
      call === undefined
        ? all(failed("INVALID_SETTINGS", `${entry.name} takes no single events`, false))
        : await call(settings, events, recorded(egress, hops, signal))
  } catch (error) {
    outcomes = all(ofError(error))
  }
  if (recordAll !== true && outcomes.every(({ kind }) => kind === "delivered")) return { outcomes, exchanges: [] }
  const secrets = entry.settings.filter(({ type }) => type === "password").map(({ key }) => settings[key])
  const hide = maskFor(secrets)
  return { outcomes, exchanges: hops.map((hop) => exchangeOf(hop, hide)) }
}

export const testBuiltin = async (egress: Egress, builtin: Builtin, target: Target, signal: AbortSignal) => {
  try {
    return await builtin.testAuthentication?.(target.settings, recorded(egress, [], signal))
  } catch (error) {
    return { ok: false, message: messageOf(ofError(error)) }
  }
}

export const deleteByBuiltin = async (
  egress: Egress,
  builtin: Builtin,
  target: Target,
  user: { readonly userId: string },
  signal: AbortSignal
): Promise<Outcome> => {
  if (builtin.deleteUser === undefined)
    return failed("UNSUPPORTED_EVENT_TYPE", `${builtin.entry.name} does not take requests to delete a user`, false)
  try {
    return await builtin.deleteUser(target.settings, user, recorded(egress, [], signal))
  } catch (error) {
    return ofError(error)
  }
}
