/** The frame of every page of a space: navigation, top bar, keys, the palette (loaded when it is first asked for). */
import { useQueryClient } from "@tanstack/react-query"
import { Outlet, useNavigate, useParams, useRouter } from "@tanstack/react-router"
import { lazy, Suspense, useEffect, useMemo, useState } from "react"
import { signOut } from "../api/client.ts"
import { SpaceContext, useSession } from "../api/hooks.ts"
import { NoSpace } from "../pages/NoPage.tsx"
import { toggleTheme } from "../theme.ts"
import { CrumbContext } from "./crumbs.ts"
import { isTyping, useGoKeys, useKeys } from "./keys.ts"
import { Sidebar } from "./Sidebar.tsx"
import "./shell.css"
import { type Crumb, TopBar } from "./TopBar.tsx"

const loadPalette = () => import("./Palette.tsx")
const Palette = lazy(loadPalette)
const KeyHelp = lazy(() => import("./KeyHelp.tsx"))

export const Shell = () => {
  const { space: slug } = useParams({ from: "/app/s/$space" })
  const { spaces } = useSession()
  const space = spaces.find((each) => each.slug === slug)
  const [crumbs, setCrumbs] = useState<ReadonlyArray<string>>([])
  const [palette, setPalette] = useState<{ readonly text: string } | undefined>()
  const [help, setHelp] = useState(false)
  const navigate = useNavigate()
  const router = useRouter()
  const client = useQueryClient()

  const params = { space: slug }
  useGoKeys({
    l: () => void navigate({ to: "/s/$space/live", params }),
    p: () => void navigate({ to: "/s/$space/profiles", params }),
    r: () => void navigate({ to: "/s/$space/rules", params }),
    e: () => void navigate({ to: "/s/$space/explain", params }),
    w: () => void navigate({ to: "/s/$space/what-if", params }),
    i: () => void navigate({ to: "/s/$space/insights/$tab", params: { ...params, tab: "violations" } }),
    s: () => void navigate({ to: "/s/$space/sources", params }),
    d: () => void navigate({ to: "/s/$space/destinations", params }),
    h: () => void navigate({ to: "/s/$space/health", params })
  })
  useKeys({
    t: toggleTheme,
    "?": () => setHelp(true),
    "/": () => document.querySelector<HTMLElement>("[data-filter]")?.focus()
  })
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey)) return
      event.preventDefault()
      setPalette({ text: "" })
    }
    // Pasting anywhere outside a field looks the text up.
    const pasted = (event: ClipboardEvent) => {
      const text = event.clipboardData?.getData("text/plain").trim() ?? ""
      if (isTyping(event.target) || text === "" || text.length > 500) return
      event.preventDefault()
      setPalette({ text })
    }
    addEventListener("keydown", pressed)
    addEventListener("paste", pasted)
    // Here before it is asked for: what is typed while it loads would be lost.
    const early = setTimeout(() => void loadPalette(), 300)
    return () => {
      clearTimeout(early)
      removeEventListener("keydown", pressed)
      removeEventListener("paste", pasted)
    }
  }, [])

  const leave = async () => {
    await signOut()
    client.clear()
    await router.invalidate()
    await navigate({ to: "/sign-in", search: {} })
  }
  const holder = useMemo(() => ({ set: setCrumbs }), [])
  if (space === undefined)
    return (
      <div className="main">
        <NoSpace slug={slug} />
      </div>
    )
  const shown: ReadonlyArray<Crumb> = [space.name, ...crumbs].map((crumb) => {
    const [title = "", to] = crumb.split("|")
    return to === undefined ? { title } : { title, to }
  })
  return (
    <SpaceContext value={space}>
      <CrumbContext value={holder}>
        <a className="sr skip" href="#main">
          Skip to the page
        </a>
        <div className="app">
          <Sidebar space={space} onSearch={() => setPalette({ text: "" })} onSignOut={() => void leave()} />
          <div className="main">
            <TopBar crumbs={shown} onKeys={() => setHelp(true)} />
            <Suspense fallback={<main className="page" />}>
              <Outlet />
            </Suspense>
          </div>
        </div>
        <Suspense>
          {palette === undefined ? undefined : <Palette text={palette.text} onClose={() => setPalette(undefined)} />}
          {help ? <KeyHelp onClose={() => setHelp(false)} /> : undefined}
        </Suspense>
      </CrumbContext>
    </SpaceContext>
  )
}
