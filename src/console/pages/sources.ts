/** Names of sources by id, for pages that get ids. */
import { useData, useSpace } from "../api/hooks.ts"
import { sourceNames } from "./sources.gql.ts"

export const useSourceList = () => {
  const { id } = useSpace()
  const { data } = useData(sourceNames, { space: id })
  return data?.space?.connections.map(({ source }) => source) ?? []
}

/** Nothing until the names are there: an id that becomes a name looks like a mistake. */
export const useSources = (): ((id: string) => string) => {
  const { id: space } = useSpace()
  const { data } = useData(sourceNames, { space })
  return (id) =>
    data === undefined ? "" : (data.space?.connections.find(({ source }) => source.id === id)?.source.name ?? id)
}
