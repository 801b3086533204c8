/** The identity rules in force, ready to be edited. */
import { useData, useSpace } from "../../api/hooks.ts"
import { Page } from "../../parts/Page.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { Editor } from "./Editor.tsx"
import { currentRules } from "./rules.gql.ts"
import "../explain/explain.css"
import "./rules.css"

export const Rules = () => {
  const { id: space } = useSpace()
  useCrumbs("Identity rules")
  const { data, error, refetch } = useData(currentRules, { space })
  const saved = data?.space?.rules
  if (saved != null) return <Editor key={space} saved={saved} />
  return (
    <Page title="Identity rules" ready={data !== undefined || error !== null}>
      <section className="card grow">
        {error !== null ? (
          <Failed error={error} retry={() => void refetch()} />
        ) : data === undefined ? (
          <Loading />
        ) : (
          <Empty title="This space has no rules yet">They come with the first start of the service that owns it.</Empty>
        )}
      </section>
    </Page>
  )
}
