/** The clusters of a run as JSON lines (IDR-191), the largest first, under the filters of the page. */
import { useMutation } from "@tanstack/react-query"
import { Download } from "lucide-react"
import { ask } from "../../api/client.ts"
import { nodes, useMasked, useSpace } from "../../api/hooks.ts"
import { saveFile } from "../../parts/save-file.ts"
import { clusterChanges, type runSearch } from "../../url-state.ts"
import { whatIfExport } from "./what-if.gql.ts"

interface ExportProps {
  readonly run: string
  readonly filters: ReturnType<typeof runSearch>
}

/** Pages of 100: more are no file that a person opens, and the API has them all. */
const mostPages = 100

export const Export = ({ run, filters: { change, minSize } }: ExportProps) => {
  const { id: space } = useSpace()
  const masked = useMasked()
  const write = useMutation({
    mutationFn: async () => {
      const lines: Array<string> = []
      let after: string | undefined
      for (let page = 0; page < mostPages; page++) {
        const variables = { id: run, change: change === undefined ? [...clusterChanges] : [change], minSize, after }
        const { whatIf } = await ask(whatIfExport, variables, space)
        if (whatIf === null) break
        for (const cluster of nodes(whatIf.clusters)) lines.push(JSON.stringify(cluster))
        const { hasNextPage, endCursor } = whatIf.clusters.pageInfo
        if (!hasNextPage || endCursor === null) break
        after = endCursor
      }
      saveFile(`${run}.jsonl`, `${lines.join("\n")}\n`, "application/jsonl")
    }
  })
  if (masked) return undefined
  return (
    <button
      className="btn"
      type="button"
      disabled={write.isPending}
      title={write.error?.message ?? "The clusters of these filters as JSON lines, at most 10,000"}
      onClick={() => write.mutate()}
    >
      <Download size={14} aria-hidden="true" />
      {write.isError ? "Export failed, again" : "Export"}
    </button>
  )
}
