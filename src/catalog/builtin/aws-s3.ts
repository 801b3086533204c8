/**
 * AWS S3: raw logs, a copy of everything in a bucket or a folder (RAW-1 to RAW-7, DST-115). Nobody executes it event by event: its
 * reader is `src/destinations/raw-logs/`.
 */
import type { CatalogEntry, CatalogField } from "../entry.ts"
import { ownField } from "../own-settings.ts"

export const awsS3Id = "60be92c8dabdd561bf6c9130"

const field = (key: string, label: string, description: string, more: Partial<CatalogField> = {}): CatalogField =>
  ownField({ key, type: "string", label, description, ...more })

export const awsS3: CatalogEntry = {
  id: awsS3Id,
  slug: "aws-s3",
  name: "AWS S3",
  names: ["AWS S3"],
  description:
    "Puts a copy of every message of the source into a bucket: gzip files with one JSON object a line, at least once an hour. The integrations object, consent and filters have no effect.",
  website: "https://aws.amazon.com/s3",
  categories: ["Raw Data"],
  status: "PUBLIC",
  hidden: false,
  origin: "builtin",
  kind: "storage",
  scheme: "custom",
  settings: [
    field(
      "s3Bucket",
      "Bucket",
      "Name of the bucket, with a prefix if you like: `bucket/path/prefix`. A folder of this machine is `file:///path`; it must lie where the operator keeps raw logs.",
      { required: true }
    ),
    field("region", "Region", "Region of the bucket.", { default: "us-east-1" }),
    field(
      "iamRoleArn",
      "IAM role",
      "Role that is assumed to write, with the id of this workspace as external id. Empty: the keys below are used, or what the machine has."
    ),
    field("accessKeyId", "Access key id", "Instead of a role, or to assume it with."),
    field("secretAccessKey", "Secret access key", "Belongs to the access key id.", { type: "password" }),
    field(
      "endpoint",
      "Endpoint",
      "Address of another server that speaks S3, such as `https://minio.example.com`. Empty: Amazon's.",
      { format: "uri" }
    ),
    field(
      "serverSideEncryption",
      "Server-side encryption",
      "Asks the server to encrypt files with its own keys (AES256). Leave it off where the bucket encrypts by itself, as with KMS.",
      { type: "boolean", default: false }
    )
  ],
  actions: [],
  presets: [],
  testsAuthentication: true,
  deletesUsers: true,
  // What came before it was switched on is in the archive.
  replay: false,
  integrationsDefault: true,
  supportedMethods: { track: true, identify: true, group: true, alias: true, page: true, screen: true },
  supportedPlatforms: { browser: true, server: true, mobile: true, warehouse: false },
  cloudModeInstances: "SINGLE",
  deviceModeInstances: "NONE",
  components: [],
  maxMappings: 0,
  operatorSetup: []
}
