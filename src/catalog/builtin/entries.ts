/** Entries of our own: executed in this process, or (raw logs) by a reader of the log. */
import { ownField } from "../definitions.ts"
import { type Builtin, ownEntry } from "./builtin.ts"
import { classicWebhook } from "./classic-webhook.ts"
import { ironMq } from "./iron-mq.ts"

/** Raw logs in S3 (DST-115): `kind: "storage"`, executed by `destinations/raw-logs`. */
const rawLogs: Builtin = {
  entry: ownEntry({
    id: "54521fd525e721e32a72ee8f",
    slug: "amazon-s3",
    name: "AWS S3",
    names: ["AWS S3", "Amazon S3"],
    description: "Copies every accepted message of a source into files of your bucket, one JSON object a line.",
    categories: ["Raw Data"],
    kind: "storage",
    cloudModeInstances: "SINGLE",
    settings: [
      ownField({
        key: "s3Bucket",
        type: "string",
        label: "Bucket",
        description: "Name of the bucket, with a prefix after a slash if you like; or file:///… for a folder.",
        required: true
      }),
      ownField({ key: "region", type: "string", label: "Region", description: "Of the bucket.", default: "us-east-1" }),
      ownField({
        key: "iamRoleArn",
        type: "string",
        label: "IAM Role ARN",
        description: "Role that may write into the bucket; its external id is the id of the workspace."
      }),
      ownField({
        key: "accessKeyId",
        type: "string",
        label: "Access Key ID",
        description: "Instead of a role. Neither: what the machine has."
      }),
      ownField({ key: "secretAccessKey", type: "password", label: "Secret Access Key" }),
      ownField({
        key: "endpoint",
        type: "string",
        format: "uri",
        label: "Endpoint",
        description: "Of another server that speaks S3."
      }),
      ownField({
        key: "serverSideEncryption",
        type: "boolean",
        label: "Server-side encryption",
        description: "Sends the AES256 header. Leave it off when the bucket has a key of its own.",
        default: false
      })
    ]
  })
}

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
    settings: classicWebhook.entry.settings
  }),
  ...(classicWebhook.call === undefined ? {} : { call: classicWebhook.call })
}

export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [classicWebhook, ironMq, rawLogs, bothModes].map((builtin) => [builtin.entry.id, builtin])
)
