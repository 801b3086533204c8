/** Filters of Insights as the address has them, and as the service wants them (PRO-81). */
import { useState } from "react"
import type { AuditFilter, InsightFilter } from "../../api/schema.gql.ts"
import { type insightsSearch, type Range, rangeMs } from "../../url-state.ts"
import { errorTitles, successTitles, violationTitles } from "./insight-words.ts"

export type Filters = ReturnType<typeof insightsSearch>
export type Change = (change: { readonly [K in keyof Filters]?: Filters[K] | undefined }) => void

export interface FilterProps {
  readonly filters: Filters
  readonly set: Change
}

/** Begins again with the page, not with every rendering: the range is part of the question. */
export const useFrom = (range: Range): string => {
  const [now] = useState(() => Date.now())
  return new Date(now - rangeMs[range]).toISOString()
}

const keyIn = <T extends string>(record: Readonly<Record<T, string>>, value: string | undefined): T | undefined =>
  value !== undefined && value in record ? (value as T) : undefined

type OneOf<List> = NonNullable<List> extends ReadonlyArray<infer Item> ? Item : never

export const insightFilter = (filters: Filters, from: string, success: boolean): InsightFilter => {
  const { kind, type, id, event, source, segment } = filters
  const violation = keyIn(violationTitles, kind)
  const error = keyIn(errorTitles, kind)
  const done = keyIn(successTitles, kind)
  return {
    range: { from },
    ...(type !== undefined && id !== undefined
      ? { externalId: { type, id } }
      : type === undefined
        ? {}
        : { idType: type }),
    ...(success
      ? done === undefined
        ? {}
        : { successes: [done as OneOf<InsightFilter["successes"]>] }
      : violation !== undefined
        ? { violations: [violation as OneOf<InsightFilter["violations"]>] }
        : error === undefined
          ? {}
          : { errors: [error as OneOf<InsightFilter["errors"]>] }),
    ...(event === undefined ? {} : { eventTypes: [event] }),
    ...(source === undefined ? {} : { sourceIds: [source] }),
    ...(segment === undefined ? {} : { segmentId: segment })
  }
}

/** Undefined: everything that anybody did. */
export const auditFilter = ({ actor, action, object }: Filters): AuditFilter | undefined =>
  actor === undefined && action === undefined && object === undefined
    ? undefined
    : {
        ...(actor === undefined ? {} : { actor }),
        ...(action === undefined ? {} : { actions: [action] }),
        ...(object === undefined ? {} : { object })
      }
