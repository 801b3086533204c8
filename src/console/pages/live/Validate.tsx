/** To the event tester of a destination with this message (ING-122); who may not edit does not test. */
import { Menu } from "@base-ui/react/menu"
import { Link, useNavigate } from "@tanstack/react-router"
import { Send } from "lucide-react"
import { useMayConnect, useSpace } from "../../api/hooks.ts"
import { useApi } from "../../api/public-api.ts"
import { destinations } from "../../api/requests.ts"
import type { Message } from "./feed.ts"

export const Validate = ({ message }: { readonly message: Message }) => {
  const { slug } = useSpace()
  const may = useMayConnect()
  const navigate = useNavigate()
  const { data = [] } = useApi(destinations, { enabled: may })
  const { messageId, sourceId } = message
  const own = data.filter((each) => each.sourceId === sourceId && each.metadata.kind !== "storage")
  const [first, ...more] = own
  if (!may || messageId === null || first === undefined) return undefined
  const target = (id: string) => ({
    to: "/s/$space/destinations/$id/$tab" as const,
    params: { space: slug, id, tab: "tester" as const },
    search: { message: messageId }
  })
  const face = (
    <>
      <Send size={14} aria-hidden="true" />
      Validate
    </>
  )
  const title = "Send it to a destination with the event tester"
  if (more.length === 0)
    return (
      <Link className="btn g" title={title} {...target(first.id)}>
        {face}
      </Link>
    )
  return (
    <Menu.Root>
      <Menu.Trigger className="btn g" title={title}>
        {face}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4}>
          <Menu.Popup className="menu">
            {own.map(({ id, name, metadata }) => (
              <Menu.Item className="it" key={id} onClick={() => void navigate(target(id))}>
                <span className="el">{name ?? metadata.name}</span>
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
