/** What the schema of a source blocks at the door (ING-134), and keeps from single destinations (ING-135); undefined: one may not see it. */
import { useMayConnect } from "../../api/hooks.ts"
import { useApi, useApiChange } from "../../api/public-api.ts"
import { destinations, eventFilters, integrationFilters, switchEvents, switchIntegrations } from "../../api/requests.ts"
import type { schemaTabs } from "../../url-state.ts"

type Tab = (typeof schemaTabs)[number]

/** Page and screen calls are listed among the events (ING-130), and are blocked as a whole. */
const whole: Readonly<Record<string, "page" | "screen">> = { "Page Viewed": "page", "Screen Viewed": "screen" }

export const useBlocks = (source: string, tab: Tab) => {
  const enabled = useMayConnect()
  const blocked = useApi(eventFilters(source), { enabled }).data
  const kept = useApi(integrationFilters(source), { enabled }).data
  const all = useApi(destinations, { enabled }).data
  const change = useApiChange()
  if (blocked === undefined || kept === undefined || all === undefined) return undefined
  const callOf = (name: string) => (tab === "track" ? whole[name] : undefined)
  const isBlocked = (name: string): boolean => {
    const call = callOf(name)
    return call === undefined ? blocked[tab].includes(name) : blocked[call]
  }
  /** `name`: of an event; identify and group are switched as a whole. */
  const gets = (destinationId: string, name: string | undefined): boolean =>
    !kept.some((each) => each.destinationId === destinationId && each.type === tab && each.name === name)
  return {
    busy: change.isPending,
    error: change.error,
    destinations: all.filter(({ sourceId, metadata }) => sourceId === source && metadata.kind !== "storage"),
    isBlocked,
    block: (name: string, on: boolean) => {
      const call = callOf(name)
      change.mutate(
        switchEvents(source, [call === undefined ? { type: tab, name, blocked: on } : { type: call, blocked: on }])
      )
    },
    /** Page and screen calls have no switch for single destinations (DST-45). */
    canKeep: (name: string | undefined) => name === undefined || callOf(name) === undefined,
    gets,
    give: (destinationId: string, name: string | undefined, enabled: boolean) =>
      change.mutate(
        switchIntegrations(source, [{ destinationId, type: tab, ...(name === undefined ? {} : { name }), enabled }])
      )
  }
}

export type Blocks = Exclude<ReturnType<typeof useBlocks>, undefined>
