/** Whom an alert tells (DEL-53): the bell, an address, Slack, a webhook; one of each. */
import type { Channel } from "../../api/delivery-types.ts"
import { Check } from "../../parts/Check.tsx"

const fresh: Readonly<Record<Channel["type"], Channel>> = {
  IN_APP: { type: "IN_APP" },
  EMAIL: { type: "EMAIL", address: "" },
  SLACK: { type: "SLACK", url: "", channel: "#alerts" },
  WEBHOOK: { type: "WEBHOOK", url: "" }
}

const titles: ReadonlyArray<readonly [Channel["type"], string]> = [
  ["IN_APP", "The bell in this console"],
  ["EMAIL", "E-mail"],
  ["SLACK", "Slack"],
  ["WEBHOOK", "Webhook"]
]

/** Members that are typed, and what stands in their empty fields. */
const members: Readonly<Record<Channel["type"], ReadonlyArray<readonly [key: string, title: string, hint: string]>>> = {
  IN_APP: [],
  EMAIL: [["address", "Address", "data@example.com"]],
  SLACK: [
    ["url", "URL of the incoming webhook or workflow", "https://hooks.slack.com/…"],
    ["channel", "Channel", "#alerts"]
  ],
  WEBHOOK: [
    ["url", "URL", "https://example.com/alerts"],
    ["secret", "Secret that signs it, if any", ""]
  ]
}

const textIn = (channel: object, key: string): string => {
  const value: unknown = Reflect.get(channel, key)
  return typeof value === "string" ? value : ""
}

interface ChannelsEditorProps {
  /** That can be used; one that an alert has already stays in sight. */
  readonly types: ReadonlyArray<Channel["type"]>
  readonly channels: ReadonlyArray<Channel>
  readonly onChange: (channels: ReadonlyArray<Channel>) => void
}

export const ChannelsEditor = ({ types, channels, onChange }: ChannelsEditorProps) => (
  <div className="col g8">
    <div className="b">Whom it tells</div>
    {titles.map(([type, title]) => {
      const channel = channels.find((each) => each.type === type)
      if (channel === undefined && !types.includes(type)) return undefined
      return (
        <div key={type} className="col g8">
          <Check
            on={channel !== undefined}
            onChange={(on) => onChange(on ? [...channels, fresh[type]] : channels.filter((each) => each.type !== type))}
          >
            {title}
          </Check>
          {channel === undefined || members[type].length === 0 ? undefined : (
            <div className="nested">
              {members[type].map(([key, name, hint]) => (
                <label className="field" key={key} style={{ margin: 0 }}>
                  <span className="lbl">{name}</span>
                  <input
                    className="input"
                    placeholder={hint}
                    value={textIn(channel, key)}
                    onChange={({ currentTarget: { value } }) =>
                      onChange(
                        channels.map((each) => (each.type === type ? ({ ...each, [key]: value } as Channel) : each))
                      )
                    }
                  />
                </label>
              ))}
            </div>
          )}
        </div>
      )
    })}
  </div>
)
