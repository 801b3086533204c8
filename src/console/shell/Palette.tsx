/** Global search: a pasted value is classified and looked up exactly before anything fuzzy. A combobox in a dialog. */
import { Dialog } from "@base-ui/react/dialog"
import { useNavigate, useRouter } from "@tanstack/react-router"
import {
  FileText,
  FlaskConical,
  GitMerge,
  LayoutGrid,
  type LucideIcon,
  MousePointerClick,
  Plug,
  Radio,
  ScrollText,
  Search
} from "lucide-react"
import { type KeyboardEvent, useEffect, useRef, useState } from "react"
import { useData, useSession, useSpace } from "../api/hooks.ts"
import { Avatar } from "../parts/Identity.tsx"
import { shortId } from "../words.ts"
import { classTitle, type PaletteItem, paletteItems } from "./palette-items.ts"
import { paletteSearch } from "./shell.gql.ts"

const icons: Readonly<Record<Exclude<PaletteItem["icon"], "profile">, LucideIcon>> = {
  event: Radio,
  source: Plug,
  space: LayoutGrid,
  audit: ScrollText,
  merge: GitMerge,
  run: FlaskConical,
  page: FileText,
  do: MousePointerClick
}

const useSettled = (text: string): string => {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 120)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}

const Row = ({
  item,
  on,
  onPick
}: {
  readonly item: PaletteItem
  readonly on: boolean
  readonly onPick: () => void
}) => {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (on) ref.current?.scrollIntoView({ block: "nearest" })
  }, [on])
  const Icon = item.icon === "profile" ? undefined : icons[item.icon]
  return (
    <div ref={ref} className="it" role="option" id={item.id} aria-selected={on} onClick={onPick}>
      {Icon === undefined ? (
        <Avatar name={item.title} small />
      ) : (
        <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
      )}
      <span className={item.icon === "profile" ? "b el" : "el"}>{item.title}</span>
      {item.profile === undefined ? undefined : <span className="pid">{shortId(item.profile)}</span>}
      {item.detail === undefined ? undefined : <span className="q2 ml el">{item.detail}</span>}
      {on ? <kbd className={item.detail === undefined ? "ml" : ""}>↵</kbd> : undefined}
    </div>
  )
}

const Palette = ({ text: initial, onClose }: { readonly text: string; readonly onClose: () => void }) => {
  const space = useSpace()
  const { spaces } = useSession()
  const navigate = useNavigate()
  const router = useRouter()
  const [text, setText] = useState(initial)
  const [selected, setSelected] = useState(0)
  const settled = useSettled(text.trim())
  const { data, isFetching } = useData(
    paletteSearch,
    { space: space.id, text: settled },
    { enabled: settled !== "", keep: settled !== "" }
  )
  const found = settled === "" ? undefined : data?.search
  const items = paletteItems(settled, found, space, spaces)
  const at = Math.min(selected, items.length - 1)

  const pick = (item: PaletteItem, newTab: boolean) => {
    if (newTab)
      window.open(
        router.buildLocation({ to: item.to }).href.replace(/^(?!\/console)/, "/console"),
        "_blank",
        "noopener"
      )
    else {
      onClose()
      void navigate({ to: item.to })
    }
  }
  const pressed = (event: KeyboardEvent) => {
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
    if (move !== 0) {
      event.preventDefault()
      setSelected((at + move + items.length) % Math.max(1, items.length))
    }
    const item = items[at]
    if (event.key === "Enter" && item !== undefined) {
      event.preventDefault()
      pick(item, event.metaKey || event.ctrlKey)
    }
  }
  return (
    <Dialog.Root open onOpenChange={(open) => open || onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="veil" />
        <Dialog.Popup className="pal" aria-label="Search">
          <div className="q1">
            <Search size={16} aria-hidden="true" />
            <input
              autoFocus
              role="combobox"
              aria-expanded="true"
              aria-controls="palette-list"
              aria-activedescendant={items[at]?.id}
              aria-label="Search or paste"
              placeholder="An e-mail, an id, a message id, a name"
              value={text}
              maxLength={500}
              onChange={(event) => {
                setText(event.target.value)
                setSelected(0)
              }}
              onKeyDown={pressed}
            />
            {found === undefined ? undefined : <span className="tag">{classTitle(found)}</span>}
          </div>
          <div className="list" role="listbox" id="palette-list" aria-label="Results" aria-busy={isFetching}>
            {items.map((item, i) => (
              <div key={item.id} role="presentation">
                {item.group === items[i - 1]?.group ? undefined : (
                  <div className="gh" role="presentation">
                    {item.group}
                  </div>
                )}
                <Row item={item} on={i === at} onPick={() => pick(item, false)} />
              </div>
            ))}
            {items.length === 0 ? (
              <div className="gh" role="status">
                {isFetching ? "Looking ..." : `Nothing here is called or holds "${settled}".`}
              </div>
            ) : undefined}
          </div>
          <div className="ft" aria-hidden="true">
            <span>
              <kbd>↑</kbd>
              <kbd>↓</kbd>move
            </span>
            <span>
              <kbd>↵</kbd>open
            </span>
            <span className="ml">
              <kbd>esc</kbd>close
            </span>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

export default Palette
