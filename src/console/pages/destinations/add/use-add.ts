/**
 * Adds a destination in the order in which nothing is sent by half: it is made disabled, its mappings are made, its credentials are
 * tested, and only then it is enabled (DST-10). What has been made stays when a later step fails; a second try goes on from there.
 */
import { useRef, useState } from "react"
import { ApiError } from "../../../api/client.ts"
import { runChange, useRefreshApi } from "../../../api/public-api.ts"
import type { MappingSettings } from "../../../api/public-types.ts"
import { addDestination, addMapping, changeDestination, testAuthentication } from "../../../api/requests.ts"

interface Wanted {
  readonly sourceId: string
  readonly metadataId: string
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly mappings: ReadonlyArray<{
    readonly key: string
    readonly name: string
    readonly actionId: string
    readonly trigger: string
    readonly settings: MappingSettings
  }>
  readonly enable: boolean
}

export const useAdd = (onDone: (id: string) => void) => {
  const refresh = useRefreshApi()
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const made = useRef<{ id: string; readonly mappings: Set<string> } | undefined>(undefined)
  const run = async ({ sourceId, metadataId, name, settings, mappings, enable }: Wanted) => {
    if (made.current === undefined) {
      const { id } = await runChange(addDestination({ sourceId, metadataId, name, settings, enabled: false }))
      made.current = { id, mappings: new Set() }
    } else await runChange(changeDestination(made.current.id, { name, settings }))
    const { id, mappings: done } = made.current
    for (const { key, ...mapping } of mappings) {
      if (done.has(key)) continue
      await runChange(addMapping(id, { ...mapping, enabled: true }))
      done.add(key)
    }
    if (enable) {
      const { status, message } = await runChange(testAuthentication(id))
      if (status === "failed")
        throw new ApiError(
          "CREDENTIALS",
          `${message ?? "The credentials were refused."} It was added, but is not enabled.`
        )
      await runChange(changeDestination(id, { enabled: true }))
    }
    return id
  }
  const add = async (wanted: Wanted) => {
    setBusy(true)
    setError(null)
    try {
      const id = await run(wanted)
      await refresh()
      onDone(id)
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)))
      await refresh()
    } finally {
      setBusy(false)
    }
  }
  return { add, error, busy }
}
