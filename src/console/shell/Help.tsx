/** What helps: the keys, and the two APIs to try. */
import { Menu } from "@base-ui/react/menu"
import { BookOpen, Braces, CircleQuestionMark, Keyboard } from "lucide-react"

export const Help = ({ onKeys }: { readonly onKeys: () => void }) => (
  <Menu.Root>
    <Menu.Trigger className="btn g ic" aria-label="Help" title="Help, and the APIs">
      <CircleQuestionMark size={16} strokeWidth={1.75} aria-hidden="true" />
    </Menu.Trigger>
    <Menu.Portal>
      <Menu.Positioner sideOffset={6} align="end">
        <Menu.Popup className="menu">
          <Menu.Item className="it" onClick={onKeys}>
            <Keyboard size={14} aria-hidden="true" />
            Keys
          </Menu.Item>
          <Menu.LinkItem className="it" href="/graphql" target="_blank" rel="noreferrer">
            <Braces size={14} aria-hidden="true" />
            GraphiQL: ask about profiles
          </Menu.LinkItem>
          <Menu.LinkItem className="it" href="/public-api/openapi.json" target="_blank" rel="noreferrer">
            <BookOpen size={14} aria-hidden="true" />
            OpenAPI of the Public API
          </Menu.LinkItem>
        </Menu.Popup>
      </Menu.Positioner>
    </Menu.Portal>
  </Menu.Root>
)
