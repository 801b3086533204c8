/** Is anything behind, by how much, and will it catch up? From `/health`, which needs no session. */
import { useQuery } from "@tanstack/react-query"
import { unreachable } from "../api/client.ts"
import { Page } from "../parts/Page.tsx"
import { QueryView } from "../parts/States.tsx"
import { Table } from "../parts/Table.tsx"
import { useCrumbs } from "../shell/crumbs.ts"
import { count, plural } from "../words.ts"

interface HealthReport {
  readonly status: string
  readonly version: string
  readonly log: { readonly head: number }
  readonly fibers: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly restarts: number
    readonly lastError: string | null
  }>
  readonly spaces: ReadonlyArray<{
    readonly id: string
    readonly slug: string
    readonly lag: number
    readonly process: string | null
  }>
}

const read = async (): Promise<HealthReport> => {
  const response = await fetch("/health").catch(unreachable)
  const report = (await response.json().catch(() => null)) as HealthReport | null
  return report ?? unreachable()
}

const isWell = (status: string) => status === "running" || status === "standby"

const titleOf = (report: HealthReport | undefined): string => {
  if (report === undefined) return "Health"
  const behind = report.spaces.filter(({ lag }) => lag > 0).length
  const sick = report.fibers.filter(({ status }) => !isWell(status)).length
  if (sick > 0) return `${plural(sick, "part")} not running`
  return behind > 0 ? `${plural(behind, "space")} catching up` : "Everything is up to date"
}

export const Health = () => {
  useCrumbs("Health")
  const query = useQuery({ queryKey: ["health"], queryFn: read, refetchInterval: 3000 })
  return (
    <Page
      title={titleOf(query.data)}
      sub={
        query.data === undefined
          ? undefined
          : `Braid ${query.data.version}, ${count(query.data.log.head)} positions in the log`
      }
      ready={query.data !== undefined}
    >
      <section className="card" aria-label="Spaces" style={{ flex: "none" }}>
        <h2 className="h">Readers</h2>
        <QueryView query={query} rows={3}>
          {({ spaces }) => (
            <Table columns={[["Space"], ["Run by"], ["Behind", undefined, "num"]]}>
              {spaces.map(({ id, slug, lag, process }) => (
                <tr key={id}>
                  <td className="b">{slug}</td>
                  <td className="m q2">{process ?? "nobody"}</td>
                  <td className={`num ${lag > 0 ? "warn" : "good"}`}>
                    {lag > 0 ? plural(lag, "event") : "up to date"}
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </QueryView>
      </section>
      <section className="card grow" aria-label="Parts">
        <h2 className="h">Parts of this process</h2>
        <div className="scroll" tabIndex={0}>
          <QueryView query={query} rows={6}>
            {({ fibers }) => (
              <Table columns={[["Part"], ["State", 110], ["Restarts", 90, "num"], ["Last error"]]}>
                {fibers.map(({ name, status, restarts, lastError }) => (
                  <tr key={name}>
                    <td className="m">{name}</td>
                    <td className={isWell(status) ? "good" : "bad"}>{status}</td>
                    <td className="num">{count(restarts)}</td>
                    <td className="q2" title={lastError ?? ""}>
                      {lastError ?? ""}
                    </td>
                  </tr>
                ))}
              </Table>
            )}
          </QueryView>
        </div>
      </section>
    </Page>
  )
}
