/** The sources that the space is connected to: what comes from each, and the ways to its messages and its schema. */
import { Link, useNavigate } from "@tanstack/react-router"
import { useData, useSpace } from "../../api/hooks.ts"
import { Page } from "../../parts/Page.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Empty } from "../../parts/States.tsx"
import { QueryPanel, Table } from "../../parts/Table.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { count, plural } from "../../words.ts"
import { sourceHour, sourcesOf, type SourcesOfData } from "./schema.gql.ts"

type Source = NonNullable<SourcesOfData["space"]>["connections"][number]["source"]

const sum = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)

const Hour = ({ source }: { readonly source: string }) => {
  const { id: space } = useSpace()
  const { data } = useData(sourceHour, { space, source }, { every: 10_000 })
  if (data === undefined) return <td className="num" colSpan={2} />
  const { accepted, discarded } = data.sourceSeries
  const [came, lost] = [sum(accepted), sum(discarded)]
  return (
    <>
      <td className={`num ${came === 0 ? "q" : ""}`}>{count(came)}</td>
      <td className={`num ${lost === 0 ? "q" : "bad"}`}>{count(lost)}</td>
    </>
  )
}

const Row = ({ source, selected }: { readonly source: Source; readonly selected: boolean }) => {
  const { slug } = useSpace()
  const { id, name, kind, enabled, labels } = source
  return (
    <tr aria-selected={selected}>
      <td>
        <Link
          className="b el who"
          to="/s/$space/sources/$source/$tab"
          params={{ space: slug, source: id, tab: "overview" }}
        >
          <span className="el">{name}</span>
        </Link>
      </td>
      <td className="q2">{kind.replaceAll("_", " ")}</td>
      <td className={enabled ? "good" : "warn"}>{enabled ? "enabled" : "disabled"}</td>
      <td className="m q2">{labels.join("  ")}</td>
      <Hour source={id} />
      <td>
        <span className="row g16">
          <Link className="acc" to="/s/$space/live" params={{ space: slug }} search={{ source: id }}>
            Live
          </Link>
          <Link className="acc" to="/s/$space/sources/$source/schema" params={{ space: slug, source: id }}>
            Schema
          </Link>
        </span>
      </td>
    </tr>
  )
}

export const Sources = () => {
  const { id: space, slug } = useSpace()
  const navigate = useNavigate()
  const query = useData(sourcesOf, { space })
  useCrumbs("Sources")
  const sources = query.data?.space?.connections.map(({ source }) => source) ?? []
  const { selected } = useRowKeys(sources.length, (row) =>
    navigate({
      to: "/s/$space/sources/$source/$tab",
      params: { space: slug, source: sources[row]!.id, tab: "overview" }
    })
  )
  return (
    <Page
      title={query.data === undefined ? "Sources" : plural(sources.length, "source")}
      sub="connected to this space"
      ready={query.data !== undefined || query.error !== null}
    >
      <QueryPanel label="Sources" query={query} rows={4}>
        {() =>
          sources.length === 0 ? (
            <Empty title="No source is connected">
              Connect one with the mutation <span className="m">connectSources</span>, or in the configuration file.
            </Empty>
          ) : (
            <Table
              columns={[
                ["Source"],
                ["Kind", 110],
                ["State", 90],
                ["Labels", "22%"],
                ["Last hour", 96, "num"],
                ["Discarded", 96, "num"],
                ["See", 140]
              ]}
            >
              {sources.map((source, row) => (
                <Row key={source.id} source={source} selected={row === selected} />
              ))}
            </Table>
          )
        }
      </QueryPanel>
    </Page>
  )
}
