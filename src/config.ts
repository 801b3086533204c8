/** Every setting of the process: environment variable, default, meaning. Secrets print as `<redacted>`. */
import { Config, Context, Effect, Layer, Schema } from "effect"
import { isIP } from "node:net"
import { join, resolve } from "node:path"

const positive = Schema.Int.check(Schema.isGreaterThan(0))
const notNegative = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const int = (name: string, schema: typeof positive, otherwise: number) =>
  Config.schema(Schema.NumberFromString.pipe(Schema.decodeTo(schema)), name).pipe(Config.withDefault(otherwise))
const parts = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
const list = (name: string) =>
  Config.String(name).pipe(Config.map(parts), Config.withDefault([] as ReadonlyArray<string>))

/** An address, a CIDR block, a host name, or with a leading dot all names below one. */
const isPlace = (part: string): boolean => {
  const [address = "", prefix] = part.split("/")
  const family = isIP(address)
  if (family === 0) return /^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(part)
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}
const places = (name: string) =>
  Config.schema(
    Schema.String.check(
      Schema.makeFilter((text) => {
        const wrong = parts(text).find((part) => !isPlace(part))
        return wrong === undefined ? undefined : `"${wrong}" is no address, no CIDR block and no host name`
      })
    ),
    name
  ).pipe(Config.map(parts), Config.withDefault([] as ReadonlyArray<string>))

/** One by one, for `braid doctor`. */
export const settingsConfig = {
  /** Address to listen on. */
  host: Config.String("BRAID_HOST").pipe(Config.withDefault("127.0.0.1")),
  /** Port to listen on; 0 = any free. */
  port: int("BRAID_PORT", notNegative, 8080),
  /** Everything that Braid keeps on disk is below this folder. */
  dataDir: Config.String("BRAID_DATA_DIR").pipe(
    Config.withDefault("./data"),
    Config.map((dir) => resolve(dir))
  ),
  /** Configuration file; default `config.json` in the data folder. */
  configFile: Config.String("BRAID_CONFIG").pipe(Config.withDefault("")),
  /** Use this PostgreSQL (>= 15) instead of the embedded one. */
  databaseUrl: Config.Redacted("BRAID_DATABASE_URL").pipe(Config.option),
  /** OAuth applications at vendors, by which tokens of destinations are refreshed (DST-10): JSON by metadata id. */
  oauthClients: Config.Redacted("BRAID_OAUTH_CLIENTS").pipe(Config.option),

  /** Wraps the key that secrets are kept under (ADM-84): 32 bytes as base64 or hex. */
  masterKey: Config.Redacted("BRAID_MASTER_KEY").pipe(Config.option),
  /** The master key before, while it is changed. */
  previousMasterKey: Config.Redacted("BRAID_MASTER_KEY_PREVIOUS").pipe(Config.option),
  /** File that holds the master key; default on the embedded set-up: `master.key` in the data folder, made when absent. */
  masterKeyFile: Config.String("BRAID_MASTER_KEY_FILE").pipe(Config.withDefault("")),

  /** Where the identity graph lives. */
  graph: Config.Literals(["postgres", "neo4j"], "BRAID_GRAPH").pipe(Config.withDefault("postgres" as const)),
  neo4jUrl: Config.String("BRAID_NEO4J_URL").pipe(Config.withDefault("bolt://127.0.0.1:7687")),
  neo4jUser: Config.String("BRAID_NEO4J_USER").pipe(Config.withDefault("neo4j")),
  neo4jPassword: Config.Redacted("BRAID_NEO4J_PASSWORD").pipe(Config.option),
  /** `Debug`, `Info`, `Warn`, `Error`. */
  logLevel: Config.Literals(["Debug", "Info", "Warn", "Error"], "BRAID_LOG_LEVEL").pipe(
    Config.withDefault("Info" as const)
  ),

  /** Public base URL of this installation as clients see it (ING-109); default: from the request's Host header. */
  publicUrl: Config.String("BRAID_PUBLIC_URL").pipe(Config.withDefault("")),
  /** Addresses or CIDR blocks of proxies whose `X-Forwarded-For` is believed (ING-71). */
  trustedProxies: list("BRAID_TRUSTED_PROXIES"),
  /** Fill `context.ip` with native IPv6 addresses too (ING-71). */
  collectIpv6: Config.Boolean("BRAID_COLLECT_IPV6").pipe(Config.withDefault(false)),
  /** Answer 400 instead of 200 to unknown write keys (ING-18). */
  rejectUnknownKeys: Config.Boolean("BRAID_REJECT_UNKNOWN_KEYS").pipe(Config.withDefault(false)),
  /** Public base URL of the token server (ING-109); default: the public URL and `/oauth2`. */
  authUrl: Config.String("BRAID_AUTH_URL").pipe(
    Config.withDefault(""),
    Config.map((url) => url.replace(/\/+$/, ""))
  ),
  /** Answer to a missing or bad access token; with 511 Node clients send the batch again, Python clients keep their old token (ING-150). */
  oauthInvalidTokenStatus: Config.schema(
    Schema.NumberFromString.pipe(Schema.decodeTo(Schema.Literals([401, 511]))),
    "BRAID_OAUTH_INVALID_TOKEN_STATUS"
  ).pipe(Config.withDefault(401 as const)),
  /** Duplicates are recognised across all sources, or inside one (ING-64). */
  dedupScope: Config.Literals(["workspace", "source"], "BRAID_DEDUP_SCOPE").pipe(
    Config.withDefault("workspace" as const)
  ),

  /** Bytes of accepted bodies that may wait in memory for their commit; more is answered 503. */
  appendQueueBytes: int("BRAID_APPEND_QUEUE_BYTES", positive, 64 * 1024 * 1024),
  /** Events held back by the message meter before requests are answered 429 (ING-34). */
  heldEvents: int("BRAID_HELD_EVENTS", positive, 600_000),
  /** Days of the log to keep; 0 = for ever. A day is dropped only when every reader and the archive are past it. */
  logRetentionDays: int("BRAID_LOG_RETENTION_DAYS", notNegative, 0),

  /** Where the archive lies: a folder, or a bucket of anything that speaks S3. */
  archive: Config.Literals(["folder", "s3"], "BRAID_ARCHIVE").pipe(Config.withDefault("folder" as const)),
  /** Folder of the archive; default `archive` in the data folder. */
  archiveDir: Config.String("BRAID_ARCHIVE_DIR").pipe(Config.withDefault("")),
  /** Days of events to keep in the archive; 0 = for ever. */
  archiveRetentionDays: int("BRAID_ARCHIVE_RETENTION_DAYS", notNegative, 0),
  s3Bucket: Config.String("BRAID_S3_BUCKET").pipe(Config.withDefault("")),
  /** Address of an S3-compatible server; default: Amazon's. */
  s3Endpoint: Config.String("BRAID_S3_ENDPOINT").pipe(Config.withDefault("")),
  s3Region: Config.String("BRAID_S3_REGION").pipe(Config.withDefault("us-east-1")),
  /** Default, with the secret: what Amazon's client finds by itself (environment, profile, role of the machine). */
  s3AccessKeyId: Config.String("BRAID_S3_ACCESS_KEY_ID").pipe(Config.withDefault("")),
  s3SecretAccessKey: Config.Redacted("BRAID_S3_SECRET_ACCESS_KEY").pipe(Config.option),
  /** Comes before the names of all objects, so that a bucket can be shared. */
  s3Prefix: Config.String("BRAID_S3_PREFIX").pipe(
    Config.withDefault(""),
    Config.map((prefix) => prefix.replace(/^\/+|\/+$/g, ""))
  ),

  /** Addresses, CIDR blocks and host names that destinations, alerts and webhooks may reach although they lie inside (ADM-118). */
  egressAllowPrivate: places("BRAID_EGRESS_ALLOW_PRIVATE"),

  /** SMTP server for alerts by e-mail, `smtp://` or `smtps://` with user and password; without it there is no e-mail (ADM-64). */
  smtpUrl: Config.Redacted("BRAID_SMTP_URL").pipe(Config.option),
  /** From whom these e-mails are. */
  smtpFrom: Config.String("BRAID_SMTP_FROM").pipe(Config.withDefault("Braid <braid@localhost>")),

  /** Folders that raw logs may be written to lie below this one; default `raw-logs` in the data folder. */
  rawLogsDir: Config.String("BRAID_RAW_LOGS_DIR").pipe(Config.withDefault("")),
  /** A file of a raw log is stored so many minutes after its first message at the latest (RAW-2). */
  rawLogsMinutes: int("BRAID_RAW_LOGS_MINUTES", between(1, 60), 60),

  /** Spaces of the workspace before no more can be made through the API (IDR-4); 0 = as many as you like. */
  spaceQuota: int("BRAID_SPACE_QUOTA", notNegative, 2),

  /** Days after which everything of a space that has left the configuration is removed (PRV-31); 0 = never. */
  removedSpaceDays: int("BRAID_REMOVED_SPACE_DAYS", notNegative, 90),

  /** Requests of a token, a session or an address to the Public API in a minute (ADM-17); 0 = as many as you like. */
  publicApiPerMinute: int("BRAID_PUBLIC_API_PER_MINUTE", notNegative, 1200),
  /** Limits of single operations in a minute, as JSON, e.g. `{"createLabel":60}`. */
  publicApiLimits: Config.schema(
    Schema.fromJsonString(Schema.Record(Schema.String, notNegative)),
    "BRAID_PUBLIC_API_LIMITS"
  ).pipe(Config.withDefault({} as Readonly<Record<string, number>>)),
  /** Answer the Public API over plain HTTP also beyond loopback (ADM-11). */
  publicApiAllowHttp: Config.Boolean("BRAID_PUBLIC_API_ALLOW_HTTP").pipe(Config.withDefault(false)),

  /** Seconds in which a regulation can be cancelled before it starts (PRV-4). */
  regulationDelaySeconds: int("BRAID_REGULATION_DELAY_SECONDS", notNegative, 300),
  /** Subjects of regulations in a calendar month, counted apart for internal and forwarded ones (PRV-2); 0 = as many as you like. */
  regulationQuota: int("BRAID_REGULATION_QUOTA", notNegative, 0),
  /** Suppressed user ids at most, about 50 bytes each in every process. */
  maxSuppressed: int("BRAID_MAX_SUPPRESSED", positive, 10_000_000),

  /** A process that is silent for so long loses its spaces to the others; one that was killed loses them at once. */
  spaceLeaseSeconds: int("BRAID_SPACE_LEASE_SECONDS", between(3, 60), 10),

  /** Requests to one destination that may be under way at once (DEL-6). */
  deliveryWindow: int("BRAID_DELIVERY_WINDOW", positive, 200),
  /** Jobs of one destination that may wait for a retry before no more events are read for it; the log keeps those. */
  deliveryWaiting: int("BRAID_DELIVERY_WAITING", positive, 200_000),
  /** Attempts at delivering an event to a destination, the first one included (DEL-2). */
  retryAttempts: int("BRAID_RETRY_ATTEMPTS", between(1, 100), 10),
  /** Seconds between the first and the second attempt, about; all later delays are in proportion (DEL-2). */
  retryFirstSeconds: int("BRAID_RETRY_FIRST_SECONDS", positive, 30),
  /** Minutes after the first attempt in which the last one may begin (DEL-2). */
  retryMinutes: int("BRAID_RETRY_MINUTES", positive, 240),
  /** Failing requests a second to all destinations of one kind after which, for a minute, retries are reduced (DEL-8). */
  massFailuresPerSecond: int("BRAID_MASS_FAILURES_PER_SECOND", positive, 1000),
  /** Hours in which more than half of the requests to all destinations of one kind fail before retries are reduced (DEL-8). */
  massFailureHours: int("BRAID_MASS_FAILURE_HOURS", positive, 72),

  /** Merge protection (IDR-87). */
  maxMerges: int("BRAID_MAX_MERGES", positive, 100),
  maxMappings: int("BRAID_MAX_MAPPINGS", positive, 1000),
  /** Events in one commit of a space. */
  identityBatch: int("BRAID_IDENTITY_BATCH", positive, 1000),
  /** Identifiers that a space keeps in memory at most, about 200 bytes each; the half used last is always there. */
  warmIdentifiers: int("BRAID_WARM_IDENTIFIERS", positive, 2_000_000),
  /** Distinct traits kept per profile; further new keys stay in the event only. */
  maxTraits: int("BRAID_MAX_TRAITS", positive, 5000)
}

const all = Config.all(settingsConfig)

/** `BRAID_PORT: expected an integer`, from what the decoder says. */
export const settingProblem = (error: Config.ConfigError): string => {
  const [, expected, name] = /Expected (.*?)\s+at \["(\w+)"\]/s.exec(error.message) ?? []
  return name === undefined ? error.message : `${name}: expected ${expected}`
}

export type SettingsValue = Config.Success<typeof all>

export class Settings extends Context.Service<Settings, SettingsValue>()("braid/config/Settings") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const settings = yield* all
      return {
        ...settings,
        rawLogsDir: settings.rawLogsDir === "" ? join(settings.dataDir, "raw-logs") : resolve(settings.rawLogsDir),
        archiveDir: settings.archiveDir === "" ? join(settings.dataDir, "archive") : resolve(settings.archiveDir),
        configFile: settings.configFile === "" ? join(settings.dataDir, "config.json") : resolve(settings.configFile)
      }
    })
  )
}
