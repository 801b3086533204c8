/** A pasted value that leads to several things, or to nothing: what was found, to choose from. One clear answer is gone to at once. */
import { Link, useLoaderData, useParams } from "@tanstack/react-router"
import { useSession } from "../api/hooks.ts"
import { addressOfHit } from "../go.ts"
import { Page } from "../parts/Page.tsx"
import { Empty } from "../parts/States.tsx"
import { shortId } from "../words.ts"
import "./go.css"

export const Go = () => {
  const { _splat: text = "" } = useParams({ from: "/app/go/$" })
  const hits = useLoaderData({ from: "/app/go/$" })
  const { spaces } = useSession()
  return (
    <div className="main">
      <Page title={hits.length === 0 ? "Nothing here is called that" : `What is meant by "${text}"?`}>
        <section className="card grow" aria-label="What was found">
          <div className="scroll" tabIndex={0}>
            {hits.length === 0 ? (
              <Empty
                title={`No space that you can open holds "${text}"`}
                actions={
                  <Link className="btn p" to="/">
                    To the start
                  </Link>
                }
              >
                It may be of another space or another Braid, or it has not come yet. Identifiers are found whole, e-mail
                addresses whatever their case.
              </Empty>
            ) : (
              hits.map((hit) => {
                const to = addressOfHit(hit, spaces)
                return to === undefined ? undefined : (
                  <Link className="gorow" key={`${hit.kind}${hit.id}`} to={to}>
                    <span className="b el">{hit.title}</span>
                    {hit.kind === "PROFILE" ? <span className="pid">{shortId(hit.id)}</span> : undefined}
                    <span className="q2 el">{hit.text}</span>
                    <span className="lbl ml">{spaces.find(({ id }) => id === hit.spaceId)?.name ?? "workspace"}</span>
                  </Link>
                )
              })
            )}
          </div>
        </section>
      </Page>
    </div>
  )
}
