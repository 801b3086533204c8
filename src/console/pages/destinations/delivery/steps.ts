/** The steps of the Delivery Overview (DEL-30) as the page names them. Pure. */
import type { Grouping, OverviewStep, PipelineCounts, TableRow } from "../../../api/delivery-types.ts"
import { count } from "../../../words.ts"
import { pointsText } from "./period.ts"

export type Step = OverviewStep | "pending"

export interface StepInfo {
  readonly title: string
  readonly tone: "" | "good" | "warn" | "bad"
  /** What its table is broken down by first: reasons where events stop, types where they pass. */
  readonly first: Grouping
  readonly of: (counts: PipelineCounts) => number
}

export const steps: Readonly<Record<Step, StepInfo>> = {
  successfully_received: { title: "Received", tone: "", first: "eventType", of: ({ received }) => received },
  failed_on_ingest: {
    title: "Failed on ingest",
    tone: "bad",
    first: "discardReason",
    of: ({ failedOnIngest }) => failedOnIngest
  },
  filtered_at_source: {
    title: "Filtered at source",
    tone: "",
    first: "discardReason",
    of: ({ filteredAtSource }) => filteredAtSource
  },
  filtered_at_destination: {
    title: "Filtered at destination",
    tone: "",
    first: "discardReason",
    of: ({ filteredAtDestination }) => filteredAtDestination
  },
  pending: { title: "Pending retry", tone: "warn", first: "discardReason", of: ({ pending }) => pending },
  failed_delivery: { title: "Failed delivery", tone: "bad", first: "discardReason", of: ({ failed }) => failed },
  successful_delivery: { title: "Delivered", tone: "good", first: "eventType", of: ({ delivered }) => delivered }
}

/** Where events are lost, in their order on the way. */
export const losing = ["filtered_at_source", "filtered_at_destination", "pending", "failed_delivery"] as const

export const isStep = (step: string | undefined): step is Step => step !== undefined && step in steps

/** The step with the worst news. */
export const worstStep = (counts: PipelineCounts): Step =>
  counts.failed > 0
    ? "failed_delivery"
    : counts.filteredAtDestination > 0
      ? "filtered_at_destination"
      : "successful_delivery"

/** What happened at a step, as the head of its table. */
export const stepFinding = (step: Step, events: string): string => {
  switch (step) {
    case "successfully_received":
      return `What the ${events} were`
    case "successful_delivery":
      return `What arrived: ${events}`
    case "failed_on_ingest":
      return `Why ${events} were not accepted`
    case "failed_delivery":
      return `Why ${events} failed`
    default:
      return `Why ${events} were filtered`
  }
}

/** Related change (DEL-36): in points, or as a difference of counts. */
export const changeText = ({ change, countChange }: TableRow, inCounts: boolean): string => {
  if (change === null || countChange === null) return "–"
  if (!inCounts) return pointsText(change)
  return `${countChange > 0 ? "+" : countChange < 0 ? "−" : ""}${count(Math.abs(countChange))}`
}

export const groupings: ReadonlyArray<readonly [Grouping, string]> = [
  ["eventType", "Event type"],
  ["eventName", "Event name"],
  ["appVersion", "App version"]
]
