/** Notices of alerts (DEL-53): how many are new, and the newest ones. Opening it has seen them. */
import { Popover } from "@base-ui/react/popover"
import { Link } from "@tanstack/react-router"
import { Bell as BellIcon } from "lucide-react"
import { useSpace } from "../api/hooks.ts"
import { useApi, useApiChange } from "../api/public-api.ts"
import type { Notification } from "../api/public-types.ts"
import { notifications, seeNotifications } from "../api/requests.ts"
import { ago, exact } from "../words.ts"

const tones: Readonly<Record<Notification["kind"], string>> = { firing: "bad", reminder: "warn", recovered: "good" }

const Notice = ({ notice }: { readonly notice: Notification }) => {
  const { slug } = useSpace()
  const { kind, path, title, body, time } = notice
  const to: string = `/s/${slug}${path}`
  return (
    <Link className="notice" to={to}>
      <span className={`dot ${tones[kind]}`} aria-hidden="true" />
      <span className="grow">
        <span className="b">{title}</span>
        <span className="q2 text">{body}</span>
        <span className="q lbl" title={exact(time)}>
          {ago(time)}
        </span>
      </span>
    </Link>
  )
}

export const Bell = () => {
  const { data } = useApi(notifications, { every: 30_000 })
  const see = useApiChange()
  const all = data?.notifications ?? []
  const unseen = data?.unseen ?? 0
  const [newest] = all
  return (
    <Popover.Root
      onOpenChange={(open) => {
        if (!open && unseen > 0 && newest !== undefined) see.mutate(seeNotifications(newest.n))
      }}
    >
      <Popover.Trigger
        className="btn g ic bell"
        aria-label={unseen === 0 ? "Notices" : `Notices, ${unseen} new`}
        title="Notices of alerts"
      >
        <BellIcon size={16} strokeWidth={1.75} aria-hidden="true" />
        {unseen > 0 ? <i aria-hidden="true">{unseen > 99 ? "99" : unseen}</i> : undefined}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="end">
          <Popover.Popup className="menu notices">
            <Popover.Title className="b" style={{ padding: "4px 8px" }}>
              Notices
            </Popover.Title>
            {all.length === 0 ? (
              <p className="q2" style={{ padding: "4px 8px 8px" }}>
                Nothing to tell. Alerts are made on the pages of sources and destinations.
              </p>
            ) : (
              all.slice(0, 30).map((notice) => <Notice key={notice.n} notice={notice} />)
            )}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}
