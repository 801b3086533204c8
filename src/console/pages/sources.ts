/** Names of sources by id, for pages that get ids. */
import { useData, useSpace } from "../api/hooks.ts"
import { sourceNames } from "./sources.gql.ts"

export const useSourceList = () => {
  const { id } = useSpace()
  const { data } = useData(sourceNames, { space: id })
  return data?.space?.connections.map(({ source }) => source) ?? []
}

export const useSources = (): ((id: string) => string) => {
  const sources = useSourceList()
  return (id) => sources.find((source) => source.id === id)?.name ?? id
}
