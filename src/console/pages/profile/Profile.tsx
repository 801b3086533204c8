/** One person or account: who it is at the top, and tabs (PRO-70, PRO-71). The graph is a chunk of its own. */
import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { CornerDownRight, Route, Split } from "lucide-react"
import { lazy, type ReactNode, Suspense, useState } from "react"
import { nodes, useData, useMasked, useMay, useSpace } from "../../api/hooks.ts"
import { Copy } from "../../parts/Copy.tsx"
import { Avatar, ExplainLink, Labelled, ProfileId, ProfileLink } from "../../parts/Identity.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { type ProfileTab, profileTabs } from "../../url-state.ts"
import { ago, count, day, exact, nameOf, shortId } from "../../words.ts"
import { profileHead, type ProfileHeadData } from "./profile.gql.ts"
import { AccountsTab } from "./Accounts.tsx"
import { EventsTab } from "./Events.tsx"
import { HistoryTab, ViolationsTab } from "./History.tsx"
import { IdentitiesTab } from "./Identities.tsx"
import { Overview } from "./Overview.tsx"
import type { ProfileRef } from "./ref.ts"
import { SplitDialog } from "./SplitDialog.tsx"
import { TraitsTab } from "./Traits.tsx"
import "./profile.css"

const Graph = lazy(() => import("../graph/Graph.tsx"))

type Head = NonNullable<ProfileHeadData["profile"]>

const tabTitles: Readonly<Record<ProfileTab, string>> = {
  overview: "Overview",
  traits: "Traits",
  events: "Events",
  identities: "Identities",
  graph: "Graph",
  accounts: "Accounts",
  history: "History",
  violations: "Violations"
}

const countOf = (tab: ProfileTab, head: Head): string | undefined => {
  if (tab === "identities") return count(head.metadata.mappingCount)
  if (tab === "accounts") return count(head.links.totalCount)
  return undefined
}

const Tabs = ({ head, tab }: { readonly head: Head; readonly tab: ProfileTab }) => {
  const { slug } = useSpace()
  // The question names an identifier by its value.
  const masked = useMasked()
  return (
    <nav className="tabs" aria-label="Profile">
      {profileTabs.map((each) => {
        const number = countOf(each, head)
        const title = each === "accounts" && head.collection === "ACCOUNTS" ? "Users" : tabTitles[each]
        return (
          <Link
            key={each}
            to="/s/$space/profiles/$id/$tab"
            params={{ space: slug, id: head.segmentId, tab: each }}
            {...(each === tab ? { "aria-current": "page" as const } : {})}
          >
            {title}
            {number === undefined ? undefined : <em>{number}</em>}
          </Link>
        )
      })}
      {masked ? undefined : (
        <Link
          className="ml"
          to="/s/$space/insights/$tab"
          params={{ space: slug, tab: "not-merged" }}
          search={{ a: head.segmentId }}
        >
          Why not one with another?
        </Link>
      )}
    </nav>
  )
}

const MergedNotice = ({ head }: { readonly head: Head }) => {
  if (head.requestedId === head.segmentId) return undefined
  return (
    <div className="note" role="status">
      <CornerDownRight size={16} aria-hidden="true" />
      <span>
        <span className="m">{shortId(head.requestedId)}</span> was merged into this profile.{" "}
        <ProfileLink className="acc" id={head.segmentId} tab="graph">
          Show how
        </ProfileLink>
      </span>
    </div>
  )
}

const Header = ({
  head,
  name,
  onSplit
}: {
  readonly head: Head
  readonly name: string
  readonly onSplit: () => void
}) => {
  const may = useMay("admin")
  const masked = useMasked()
  const email = nodes(head.traits).find(({ key }) => key === "email")?.value
  const { metadata } = head
  return (
    <div className="hd">
      <Avatar name={name} />
      <div className="col grow">
        <h1 className="el">{name}</h1>
        <div className="row g12 q2">
          {typeof email === "string" && email !== name ? <span className="el">{email}</span> : undefined}
          <span className="pid">
            <span className="el">{head.segmentId}</span>
          </span>
          <Copy text={head.segmentId} what="segment id" />
        </div>
      </div>
      <dl className="facts">
        <Labelled name="Last event">
          <span title={exact(metadata.updatedAt)}>{ago(metadata.updatedAt)}</span>
        </Labelled>
        <Labelled name="First seen">
          <span title={exact(metadata.createdAt)}>{day(metadata.createdAt)}</span>
        </Labelled>
        <Labelled name="Merges">{count(metadata.mergeCount)}</Labelled>
        <Labelled name="Identifiers">{count(metadata.mappingCount)}</Labelled>
      </dl>
      <div className="row">
        {metadata.lastMessageId === null ? undefined : (
          <ExplainLink className="btn" messageId={metadata.lastMessageId}>
            <Route size={14} aria-hidden="true" />
            Explain last event
          </ExplainLink>
        )}
        {/* A split names identifiers by their values. */}
        {may && !masked && metadata.mappingCount > 1 ? (
          <button className="btn" type="button" onClick={onSplit}>
            <Split size={14} aria-hidden="true" />
            Split…
          </button>
        ) : undefined}
      </div>
    </div>
  )
}

const tabBodies: Readonly<Record<Exclude<ProfileTab, "graph">, (props: { readonly of: ProfileRef }) => ReactNode>> = {
  overview: Overview,
  traits: TraitsTab,
  events: EventsTab,
  identities: IdentitiesTab,
  accounts: AccountsTab,
  history: HistoryTab,
  violations: ViolationsTab
}

const Body = ({ tab, of, name }: { readonly tab: ProfileTab; readonly of: ProfileRef; readonly name: string }) => {
  if (tab === "graph") return <Graph of={of} name={name} />
  const Tab = tabBodies[tab]
  return <Tab of={of} />
}

const NoProfile = ({ id }: { readonly id: string }) => {
  const { slug } = useSpace()
  return (
    <Page title="There is no such profile">
      <section className="card grow">
        <Empty
          title={`Nobody has the id ${shortId(id)}`}
          actions={
            <Link className="btn" to="/s/$space/profiles" params={{ space: slug }}>
              All profiles
            </Link>
          }
        >
          It is in another space, was erased, or the address is not whole.
        </Empty>
      </section>
    </Page>
  )
}

export const Profile = () => {
  const { id, tab, space: slug } = useParams({ from: "/app/s/$space/profiles/$id/$tab" })
  const { id: space } = useSpace()
  const navigate = useNavigate()
  const of: ProfileRef = { space, collection: id.startsWith("grp_") ? "ACCOUNTS" : "USERS", id }
  const query = useData(profileHead, of, { every: 15_000 })
  const [splitting, setSplitting] = useState(false)
  const head = query.data?.profile
  const name = head == null ? shortId(id) : nameOf(nodes(head.traits))
  const profiles = `Profiles|/s/${slug}/profiles`
  useCrumbs(profiles, ...(tab === "graph" ? [`${name}|/s/${slug}/profiles/${id}/overview`, "Graph"] : [name]))
  if (query.error !== null && head === undefined)
    return (
      <Page title="Profile">
        <Failed error={query.error} retry={() => void query.refetch()} />
      </Page>
    )
  if (head === null) return <NoProfile id={id} />
  if (head === undefined)
    return (
      <Page title="Profile" ready={false}>
        <section className="card grow">
          <Loading />
        </section>
      </Page>
    )
  return (
    <Page title={name} head={<Header head={head} name={name} onSplit={() => setSplitting(true)} />}>
      <MergedNotice head={head} />
      {head.separatedFrom.length === 0 ? undefined : (
        <div className="note">
          <span className="row wrap">
            Kept apart by a person from{" "}
            {head.separatedFrom.map(({ segmentId }) => (
              <ProfileId key={segmentId} id={segmentId} other />
            ))}
          </span>
        </div>
      )}
      <Tabs head={head} tab={tab} />
      <Suspense fallback={<Loading />}>
        <Body tab={tab} of={of} name={name} />
      </Suspense>
      {splitting ? (
        <SplitDialog
          of={of}
          onClose={() => setSplitting(false)}
          onDone={(separated) =>
            void navigate({ to: "/s/$space/profiles/$id/$tab", params: { space: slug, id: separated, tab: "history" } })
          }
        />
      ) : undefined}
    </Page>
  )
}
