/** Entries of our own: executed in this process, or (raw logs) by a reader of the log. */
import { awsS3 } from "./aws-s3.ts"
import { type Builtin, ownEntry } from "./builtin.ts"
import { classicWebhook } from "./classic-webhook.ts"
import { ironMq } from "./iron-mq.ts"
import { ownField } from "../own-settings.ts"

/** Hidden: an entry with a device mode, which none of Segment's package has (DST-26). */
const bothModes: Builtin = {
  entry: ownEntry({
    id: "b2a1d0000000000000000001",
    slug: "braid-device-test",
    name: "Device Mode Test",
    description: "For tests of connection modes.",
    categories: ["Raw Data"],
    hidden: true,
    kind: "classic",
    deviceModeInstances: "SINGLE",
    components: [
      { type: "BROWSER", code: "device-mode-test" },
      { type: "IOS", code: "device-mode-test-ios" },
      { type: "ANDROID", code: "device-mode-test-android" },
      { type: "SERVER", code: "braid-device-test" }
    ],
    settings: [
      ...classicWebhook.entry.settings,
      ownField({
        key: "publicToken",
        type: "string",
        label: "Public token",
        description: "What the code on the device sends with its events.",
        public: true
      })
    ]
  }),
  ...(classicWebhook.call === undefined ? {} : { call: classicWebhook.call })
}

/** Hidden: an entry that exists on devices alone. */
const deviceOnly: Builtin = {
  entry: {
    ...bothModes.entry,
    id: "b2a1d0000000000000000002",
    slug: "braid-device-only-test",
    name: "Device Only Test",
    names: ["Device Only Test"],
    cloudModeInstances: "NONE",
    components: [{ type: "BROWSER", code: "device-only-test" }],
    replay: false
  }
}

export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [classicWebhook, ironMq, { entry: awsS3 }, bothModes, deviceOnly].map((builtin) => [builtin.entry.id, builtin])
)
