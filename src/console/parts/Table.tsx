/** Tables and the panels around them: heads by columns, rows that can be chosen, the button for more. */
import type { UseQueryResult } from "@tanstack/react-query"
import type { ReactNode } from "react"
import { QueryView } from "./States.tsx"

/** Title and width of a column; `num`: to the right, `hidden`: the title is for screen readers. */
export type TableColumn = readonly [title: string, width?: number | string | undefined, how?: "num" | "hidden"]

export const TableHead = ({ columns }: { readonly columns: ReadonlyArray<TableColumn> }) => (
  <thead>
    <tr>
      {columns.map(([title, width, how]) => (
        <th
          key={title}
          {...(how === "num" ? { className: "num" } : {})}
          {...(width === undefined ? {} : { style: { width } })}
        >
          {how === "hidden" ? <span className="sr">{title}</span> : title}
        </th>
      ))}
    </tr>
  </thead>
)

interface TableProps {
  readonly columns: ReadonlyArray<TableColumn>
  readonly className?: string
  readonly children: ReactNode
}

export const Table = ({ columns, className, children }: TableProps) => (
  <table {...(className === undefined ? {} : { className })}>
    <TableHead columns={columns} />
    <tbody>{children}</tbody>
  </table>
)

interface QueryPanelProps<Data> {
  readonly label: string
  readonly query: UseQueryResult<Data, Error>
  readonly rows?: number
  readonly children: (data: Data) => ReactNode
}

/** The panel of a page that is one list: fills what there is, scrolls, has the states of its query. */
export const QueryPanel = <Data,>({ label, query, rows = 12, children }: QueryPanelProps<Data>) => (
  <section className="card grow" aria-label={label}>
    <div className="scroll" tabIndex={0}>
      <QueryView query={query} rows={rows}>
        {children}
      </QueryView>
    </div>
  </section>
)

interface MoreProps {
  readonly query: {
    readonly hasNextPage: boolean
    readonly isFetching: boolean
    readonly isFetchingNextPage: boolean
    readonly fetchNextPage: () => Promise<unknown>
  }
}

/** Below a list that has more pages. */
export const More = ({ query }: MoreProps) =>
  query.hasNextPage ? (
    <div className="more-row">
      <button className="btn" type="button" disabled={query.isFetching} onClick={() => void query.fetchNextPage()}>
        {query.isFetchingNextPage ? "Loading ..." : "Show more"}
      </button>
    </div>
  ) : undefined
