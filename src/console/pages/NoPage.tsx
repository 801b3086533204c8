/** Addresses that lead nowhere, spaces that are not there, pages that failed: what is the matter, and where to go from here. */
import { Link, useLocation } from "@tanstack/react-router"
import { ApiError } from "../api/client.ts"
import { useSession, useSpace } from "../api/hooks.ts"
import { Page } from "../parts/Page.tsx"
import { Empty, Failed } from "../parts/States.tsx"
import { useCrumbs } from "../shell/crumbs.ts"

const Spaces = () => {
  const { spaces } = useSession()
  return spaces.map(({ id, slug, name }) => (
    <Link className="btn" key={id} to="/s/$space/profiles" params={{ space: slug }}>
      {name}
    </Link>
  ))
}

/** Inside a space. */
export const NoPage = () => {
  const { slug } = useSpace()
  const { pathname } = useLocation()
  useCrumbs("Nothing here")
  return (
    <Page title="There is no such page">
      <section className="card grow" aria-label="What to do">
        <Empty
          title="Nothing is at this address"
          actions={
            <>
              <Link className="btn p" to="/s/$space/profiles" params={{ space: slug }}>
                Profiles
              </Link>
              <Link className="btn" to="/s/$space/live" params={{ space: slug }}>
                Live events
              </Link>
            </>
          }
        >
          <span className="m text">{pathname}</span> is not a page of this console. The link may be cut short, or of
          another version of Braid. To look something up, paste it anywhere on this page.
        </Empty>
      </section>
    </Page>
  )
}

/** Outside of every space. */
export const NoAddress = () => (
  <Page title="There is no such page">
    <section className="card grow" aria-label="What to do">
      <Empty
        title="Nothing is at this address"
        actions={
          <Link className="btn p" to="/">
            To the start
          </Link>
        }
      >
        The link may be cut short, or of another version of Braid.
      </Empty>
    </section>
  </Page>
)

export const NoSpace = ({ slug }: { readonly slug: string }) => (
  <Page title="There is no such space">
    <section className="card grow" aria-label="What to do">
      <Empty title={`This token opens no space "${slug}"`} actions={<Spaces />}>
        It may have another name by now, or belong to another token. These are the spaces that you can open.
      </Empty>
    </section>
  </Page>
)

/** Signed in with a token of the workspace that has no space yet. */
export const NoSpaces = () => (
  <Page title="There is no space yet">
    <section className="card grow" aria-label="What to do">
      <Empty title="A space has the profiles and the rules that make them">
        Make one with the mutation <span className="m">createSpace</span>, or in the configuration file, and reload this
        page.
      </Empty>
    </section>
  </Page>
)

/** A part of the console that has not come is another matter than one that is wrong. */
const isLoading = (error: unknown) =>
  error instanceof TypeError && /dynamically imported module|module script/i.test(error.message)

export const PageFailed = ({ error, reset }: { readonly error: unknown; readonly reset: () => void }) => {
  const lost = isLoading(error)
  const failure = error instanceof Error ? error : new Error(String(error))
  return (
    <Page title={lost ? "This page could not be loaded" : "This page failed"}>
      <Failed
        error={lost ? new ApiError("NOT_LOADED", "A file of the console did not come.") : failure}
        retry={lost ? () => location.reload() : reset}
      />
    </Page>
  )
}
