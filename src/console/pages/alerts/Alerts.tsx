/** Alerts of one source or destination (DEL-50 to DEL-55): when they fire, whom they tell, and how they stand. */
import { Plus, Trash2 } from "lucide-react"
import { useState } from "react"
import { useMayConnect } from "../../api/hooks.ts"
import { problemAt, useApi, useApiChange } from "../../api/public-api.ts"
import type { Alert, Channel } from "../../api/delivery-types.ts"
import { addAlert, alerts as allAlerts, changeAlert, deleteAlert } from "../../api/requests.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { FormField } from "../../parts/FormField.tsx"
import { RowButton } from "../../parts/RowButton.tsx"
import { Empty, Failed } from "../../parts/States.tsx"
import { QueryPanel, Table } from "../../parts/Table.tsx"
import { actorText, ago, exact } from "../../words.ts"
import { ChannelsEditor } from "./ChannelsEditor.tsx"

interface AlertsProps {
  readonly type: Alert["type"]
  readonly resourceId: string
}

const fires = (type: Alert["type"], threshold: number): string =>
  type === "SOURCE_VOLUME"
    ? `events of 24 hours differ by more than ${threshold} % from the 24 hours before`
    : `less than ${threshold} % of what was tried in 24 hours arrives`

const channelText = (channel: Channel): string => {
  switch (channel.type) {
    case "IN_APP":
      return "the bell"
    case "EMAIL":
      return channel.address
    case "SLACK":
      return `Slack ${channel.channel}`
    case "WEBHOOK":
      return "webhook"
  }
}

/** A channel that could not be reached (ADM-64). */
const failureOf = ({ channels }: Alert): string | undefined =>
  channels.find(({ status }) => status?.lastError != null)?.status?.lastError?.message

const withoutStatus = (channel: Alert["channels"][number]): Channel => {
  const { status, ...rest } = channel
  return status === undefined ? channel : rest
}

interface EditorProps extends AlertsProps {
  readonly alert: Alert | undefined
  readonly types: ReadonlyArray<Channel["type"]>
  readonly onClose: () => void
}

const AlertEditor = ({ type, resourceId, alert, types, onClose }: EditorProps) => {
  const save = useApiChange()
  const [threshold, setThreshold] = useState(String(alert?.threshold ?? (type === "SOURCE_VOLUME" ? 30 : 99)))
  const [channels, setChannels] = useState<ReadonlyArray<Channel>>(
    () => alert?.channels.map(withoutStatus) ?? [{ type: "IN_APP" }]
  )
  const number = Number(threshold)
  const most = type === "SOURCE_VOLUME" ? 1000 : 100
  const wrong = threshold.trim() === "" || !(number >= 0.1 && number <= most)
  return (
    <Confirm
      open
      title={type === "SOURCE_VOLUME" ? "Watch the volume of this source" : "Watch the delivery rate"}
      verb={alert === undefined ? "Add alert" : "Save alert"}
      keep="Cancel"
      error={save.error}
      busy={save.isPending}
      disabled={wrong || channels.length === 0}
      onConfirm={() =>
        save.mutate(
          alert === undefined
            ? addAlert({ type, resourceId, threshold: number, channels })
            : changeAlert(alert.id, { threshold: number, channels }),
          { onSuccess: onClose }
        )
      }
      onClose={onClose}
    >
      <div className="form">
        <FormField
          label={
            type === "SOURCE_VOLUME"
              ? "Tell me when it changes by more than, in percent"
              : "Tell me when it is below, in percent"
          }
          help={
            type === "SOURCE_VOLUME"
              ? "Events of the last 24 hours against the 24 hours before, looked at every hour."
              : "Delivered out of delivered and not delivered in the last 24 hours, looked at every hour."
          }
          problem={problemAt(save.error, "threshold") ?? (wrong ? `A number between 0.1 and ${most}.` : undefined)}
        >
          {(control) => (
            <input
              {...control}
              className="input"
              inputMode="decimal"
              value={threshold}
              onChange={(event) => setThreshold(event.target.value)}
            />
          )}
        </FormField>
        <ChannelsEditor types={types} channels={channels} onChange={setChannels} />
      </div>
    </Confirm>
  )
}

export const Alerts = ({ type, resourceId }: AlertsProps) => {
  const may = useMayConnect()
  const query = useApi(allAlerts, { every: 30_000 })
  const remove = useApiChange()
  const [editing, setEditing] = useState<"new" | Alert | undefined>()
  const add = may ? (
    <button className="btn" type="button" onClick={() => setEditing("new")}>
      <Plus size={14} aria-hidden="true" />
      New alert…
    </button>
  ) : undefined
  return (
    <>
      <div className="row">
        <span className="q2">An alert tells when it begins, every 24 hours while it lasts, and when it is over.</span>
        <span className="ml">{add}</span>
      </div>
      {remove.error === null ? undefined : <Failed error={remove.error} />}
      <QueryPanel label="Alerts" query={query} rows={3}>
        {({ alerts }) => {
          const own = alerts.filter((each) => each.resourceId === resourceId)
          return own.length === 0 ? (
            <Empty title="Nobody is told" actions={add}>
              {type === "SOURCE_VOLUME"
                ? "An alert tells you when this source sends much more, or much less, than the day before."
                : "An alert tells you when too much of what is sent does not arrive."}
            </Empty>
          ) : (
            <Table
              columns={[
                ["State", 90],
                ["Fires when"],
                ["Tells", "26%"],
                ["Last fired", 110],
                ["By", 110],
                ["Do", 60, "hidden"]
              ]}
            >
              {own.map((alert) => (
                <tr className="link" key={alert.id} onClick={() => setEditing(alert)}>
                  <td>
                    <span className={alert.state === "firing" ? "tag bad" : "tag good"}>
                      {alert.state === "firing" ? "firing" : "ok"}
                    </span>
                  </td>
                  <td>
                    <button className="acc" type="button" onClick={() => setEditing(alert)}>
                      {fires(alert.type, alert.threshold)}
                    </button>
                  </td>
                  <td className={failureOf(alert) === undefined ? "q2" : "bad"} title={failureOf(alert) ?? ""}>
                    {alert.channels.map(channelText).join(", ")}
                  </td>
                  <td className="q" title={alert.lastFiredAt === null ? "" : exact(alert.lastFiredAt)}>
                    {alert.lastFiredAt === null ? "never" : ago(alert.lastFiredAt)}
                  </td>
                  <td className="q2">{actorText(alert.createdBy)}</td>
                  <td onClick={(event) => event.stopPropagation()}>
                    <RowButton
                      icon={Trash2}
                      verb="Delete"
                      of="this alert"
                      disabled={!may || remove.isPending}
                      onClick={() => remove.mutate(deleteAlert(alert.id))}
                    />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }}
      </QueryPanel>
      {editing === undefined ? undefined : (
        <AlertEditor
          type={type}
          resourceId={resourceId}
          alert={editing === "new" ? undefined : editing}
          types={query.data?.channelTypes ?? ["IN_APP"]}
          onClose={() => setEditing(undefined)}
        />
      )}
    </>
  )
}
