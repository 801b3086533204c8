/** Pages of sources and destinations for who has a part in them; for others, what they miss. */
import type { ReactNode } from "react"
import { useMayConnect } from "../../api/hooks.ts"
import { Page } from "../../parts/Page.tsx"
import { Empty } from "../../parts/States.tsx"

export const OwnersOnly = ({ title, children }: { readonly title: string; readonly children: ReactNode }) =>
  useMayConnect() ? (
    children
  ) : (
    <Page title={title}>
      <section className="card grow">
        <Empty title="This token sees one space">
          Sources and destinations are of the whole workspace. Whoever runs Braid can make a token with the scope{" "}
          <span className="m">workspace:admin</span>.
        </Empty>
      </section>
    </Page>
  )
