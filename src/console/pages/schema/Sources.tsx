/** The sources that the space is connected to: what comes from each, and the ways to its messages and its schema. */
import { Link, useNavigate } from "@tanstack/react-router"
import { useData, useMayConnect, useSpace } from "../../api/hooks.ts"
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

/** Who sees one space sees of a source what it sends there. */
const useHome = () => {
  const whole = useMayConnect()
  return (space: string, source: string) => ({
    to: whole ? ("/s/$space/sources/$source/$tab" as const) : ("/s/$space/sources/$source/schema" as const),
    params: { space, source, tab: "overview" as const }
  })
}

const Row = ({ source, selected }: { readonly source: Source; readonly selected: boolean }) => {
  const { slug } = useSpace()
  const homeOf = useHome()
  const { id, name, kind, enabled, labels } = source
  return (
    <tr aria-selected={selected}>
      <td>
        <Link className="b el who" {...homeOf(slug, id)}>
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
  const whole = useMayConnect()
  const homeOf = useHome()
  const query = useData(sourcesOf, { space })
  useCrumbs("Sources")
  const sources = query.data?.space?.connections.map(({ source }) => source) ?? []
  const { selected } = useRowKeys(sources.length, (row) => navigate(homeOf(slug, sources[row]!.id)))
  return (
    <Page
      title={query.data === undefined ? "Sources" : plural(sources.length, "source")}
      sub="connected to this space"
      ready={query.data !== undefined || query.error !== null}
      actions={
        whole ? (
          <Link className="btn g" to="/s/$space/oauth-applications" params={{ space: slug }}>
            OAuth applications
          </Link>
        ) : undefined
      }
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
