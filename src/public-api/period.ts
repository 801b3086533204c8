/** Times and buckets as the delivery routes take them (ADM-25, DEL-37): in any letter case; what they reach is decided by `delivery`. */
import { Schema } from "effect"
import { type Grain, grains, type Period } from "../delivery/grains.ts"
import { moment } from "./shapes.ts"

export const granularity = Schema.Literals(["minute", "hour", "day", "MINUTE", "HOUR", "DAY"])

export const grainOf = (text: typeof granularity.Type): Grain => {
  const lower = text.toLowerCase()
  return grains.find((grain) => grain === lower) ?? "hour"
}

export const period = { startTime: moment, endTime: moment }

export const periodOf = ({ startTime, endTime }: { readonly startTime: string; readonly endTime: string }): Period => ({
  from: Date.parse(startTime),
  to: Date.parse(endTime)
})
