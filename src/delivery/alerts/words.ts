/** What a notice says: as facts for machines, and in words for people. */
import { type AlertType, type NoticeKind, windowHours } from "./alert.ts"

/** Flat, as Slack workflows want it (DEL-53). */
export interface Facts {
  readonly alertType: AlertType
  readonly workspace: string
  /** Name of the source or destination. */
  readonly resource: string
  /** Percent. */
  readonly value: number
  readonly threshold: number
  readonly window: string
  readonly url: string
}

export const windowText = `${windowHours} hours`

const rounded = (value: number): number => Math.round(value * 10) / 10

export const factsOf = (facts: Omit<Facts, "window" | "value"> & { readonly value: number }): Facts => ({
  alertType: facts.alertType,
  workspace: facts.workspace,
  resource: facts.resource,
  value: rounded(facts.value),
  threshold: facts.threshold,
  window: windowText,
  url: facts.url
})

const what = ({ alertType, threshold, value }: Facts): string => {
  if (alertType === "DELIVERY_RATE")
    return `${value} % of the deliveries of the last ${windowText} were successful (the alert is set to ${threshold} %)`
  const direction = value < 0 ? "fewer" : "more"
  return `${Math.abs(value)} % ${direction} events in the last ${windowText} than in those before (the alert is set to ${threshold} %)`
}

export const titleOf = (kind: NoticeKind, { alertType, resource }: Facts): string => {
  const name = alertType === "DELIVERY_RATE" ? "Successful delivery rate" : "Source volume"
  if (kind === "recovered") return `Recovered: ${name} of ${resource}`
  return `${kind === "reminder" ? "Still firing" : "Alert"}: ${name} of ${resource}`
}

export const bodyOf = (facts: Facts): string => `${what(facts)}.`

/** All of it, for mail and Slack. */
export const textOf = (kind: NoticeKind, facts: Facts): string =>
  `${titleOf(kind, facts)}\n${bodyOf(facts)}${facts.url === "" ? "" : `\n${facts.url}`}`
