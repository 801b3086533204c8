/** The one navigation: what depends on no space, the space, what depends on it. */
import { Menu } from "@base-ui/react/menu"
import { Link, useNavigate } from "@tanstack/react-router"
import {
  Activity,
  Check,
  ChevronsUpDown,
  FlaskConical,
  Lightbulb,
  ListChecks,
  type LucideIcon,
  LogOut,
  Moon,
  Plug,
  Radio,
  Route,
  ScrollText,
  Search,
  Send,
  Users
} from "lucide-react"
import type { ReactNode } from "react"
import type { SpaceInfo } from "../api/client.ts"
import { useData, useSession } from "../api/hooks.ts"
import { toggleTheme } from "../theme.ts"
import { brief, count } from "../words.ts"
import { Mark } from "./Mark.tsx"
import { shellFacts } from "./shell.gql.ts"

const isApple = /Mac|iP(?:hone|ad)/.test(navigator.platform)
export const commandKey = isApple ? "⌘K" : "Ctrl K"

interface EntryProps {
  readonly icon: LucideIcon
  readonly children: ReactNode
  readonly count?: string | undefined
}

const Entry = ({ icon: Icon, children, count }: EntryProps) => (
  <>
    <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
    <span>{children}</span>
    {count === undefined ? undefined : <span className="n">{count}</span>}
  </>
)

const SpaceBadge = ({ kind }: Pick<SpaceInfo, "kind">) => (
  <span className={kind === "prod" ? "env" : "env dev"}>{kind.toUpperCase()}</span>
)

const SpaceSwitcher = ({ space }: { readonly space: SpaceInfo }) => {
  const { spaces } = useSession()
  const navigate = useNavigate()
  return (
    <Menu.Root>
      <Menu.Trigger className="space" title="Switch the space">
        <SpaceBadge kind={space.kind} />
        <span className="el">{space.name}</span>
        <ChevronsUpDown size={14} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="start">
          <Menu.Popup className="menu">
            {spaces.map((each) => (
              <Menu.Item
                className="it"
                key={each.id}
                onClick={() => void navigate({ to: "/s/$space/profiles", params: { space: each.slug } })}
              >
                <SpaceBadge kind={each.kind} />
                <span className="el">{each.name}</span>
                {each.id === space.id ? <Check size={14} className="ml" aria-label="current" /> : undefined}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

interface SidebarProps {
  readonly space: SpaceInfo
  readonly onSearch: () => void
  readonly onSignOut: () => void
}

export const Sidebar = ({ space, onSearch, onSignOut }: SidebarProps) => {
  const { name } = useSession()
  const { data } = useData(shellFacts, { space: space.id }, { every: 30_000 })
  const params = { space: space.slug }
  return (
    <nav className="side" aria-label="Main">
      <div className="brand">
        <Mark />
        Braid
      </div>
      <button className="find" type="button" onClick={onSearch} aria-keyshortcuts="Meta+K Control+K">
        <Search size={14} aria-hidden="true" />
        Search or paste
        <kbd>{commandKey}</kbd>
      </button>
      <SpaceSwitcher space={space} />
      <Link className="nav" to="/s/$space/live" params={params}>
        <Entry icon={Radio}>Live events</Entry>
      </Link>
      <Link className="nav" to="/s/$space/sources" params={params}>
        <Entry icon={Plug} count={data?.space == null ? undefined : count(data.space.connections.length)}>
          Sources
        </Entry>
      </Link>
      <Link className="nav" to="/s/$space/destinations" params={params}>
        <Entry icon={Send}>Destinations</Entry>
      </Link>
      <Link className="nav" to="/s/$space/profiles" params={params}>
        <Entry icon={Users} count={data?.space == null ? undefined : brief(data.space.profileCount)}>
          Profiles
        </Entry>
      </Link>
      <Link className="nav" to="/s/$space/rules" params={params}>
        <Entry icon={ListChecks} count={data?.space?.rules == null ? undefined : `v${data.space.rules.version}`}>
          Identity rules
        </Entry>
      </Link>
      <Link className="nav" to="/s/$space/explain" params={params}>
        <Entry icon={Route}>Explain</Entry>
      </Link>
      <Link className="nav" to="/s/$space/what-if" params={params}>
        <Entry icon={FlaskConical}>What-if</Entry>
      </Link>
      <Link
        className="nav"
        to="/s/$space/insights/$tab"
        params={{ ...params, tab: "violations" }}
        activeOptions={{ exact: true, includeSearch: false }}
      >
        <Entry icon={Lightbulb}>Insights</Entry>
      </Link>
      <div className="foot">
        <Link
          className="nav"
          to="/s/$space/insights/$tab"
          params={{ ...params, tab: "audit" }}
          activeOptions={{ includeSearch: false }}
        >
          <Entry icon={ScrollText}>Audit trail</Entry>
        </Link>
        <Link className="nav" to="/s/$space/health" params={params}>
          <Entry icon={Activity}>Health</Entry>
        </Link>
        <button className="nav" type="button" onClick={toggleTheme}>
          <Entry icon={Moon} count="T">
            Light or dark
          </Entry>
        </button>
        <button className="nav" type="button" onClick={onSignOut} title={`Signed in with the token "${name}"`}>
          <Entry icon={LogOut}>Sign out</Entry>
        </button>
      </div>
    </nav>
  )
}
