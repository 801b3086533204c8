/**
 * The connection to a Neo4j 5: a bounded pool that connects on first use, sessions as resources, typed failures.
 *
 * - Numbers come back as JavaScript numbers (`disableLosslessIntegers`): what Braid stores stays below 2^53. On the way
 *   there a JavaScript number becomes a Neo4j FLOAT; whole numbers are wrapped in `integer` by who builds parameters.
 * - Work is retried by the driver on transient errors and lost connections, so it may run twice: pure apart from `tx`.
 * - Interruption closes the session, which resets the connection; the server then ends the running query (tested).
 * - A server that goes away and comes back is found again by itself; while it is away calls fail within seconds.
 */
import { Context, Data, Effect, Layer, Redacted, Schedule } from "effect"
import neo4j, { type ManagedTransaction, type RecordShape, type Session } from "neo4j-driver"

export class Neo4jFailed extends Data.TaggedError("Neo4jFailed")<{ readonly code: string; readonly cause: unknown }> {
  override get message() {
    const detail = this.cause instanceof Error ? `: ${this.cause.message}` : ""
    return `Neo4j did not answer as asked (${this.code})${detail}`
  }
}

export type Parameters = Readonly<Record<string, unknown>>

/** One transaction's work; statements may be sent without waiting for the one before. */
export interface Transaction {
  readonly run: <Row>(statement: string, parameters: Parameters) => Promise<ReadonlyArray<Row>>
}

export class Neo4j extends Context.Service<
  Neo4j,
  {
    /** One statement that reads. `latest`: from the leader of a cluster, so that it sees every write of this process. */
    readonly read: <Row>(
      statement: string,
      parameters: Parameters,
      options?: { readonly latest?: boolean }
    ) => Effect.Effect<ReadonlyArray<Row>, Neo4jFailed>
    /** What `work` rejects with, when it is no error of Neo4j, is passed to `refused`; the transaction is rolled back. */
    readonly write: <A, E>(
      work: (tx: Transaction) => Promise<A>,
      refused: (error: unknown) => E | undefined
    ) => Effect.Effect<A, Neo4jFailed | E>
    /**
     * An idempotent statement outside of a transaction: changes of the schema, `CALL ... IN TRANSACTIONS`. Who looks at the
     * transactions of the server finds it in the metadata, as `command`.
     */
    readonly command: (statement: string, parameters: Parameters) => Effect.Effect<void, Neo4jFailed>
  }
>()("braid/platform/Neo4j") {}

export const integer = (value: number) => neo4j.int(value)

export interface Neo4jOptions {
  /** `bolt://host:7687` or, for a cluster, `neo4j://host:7687`. */
  readonly url: string
  readonly user: string
  /** Absent: a server without authentication. */
  readonly password: Redacted.Redacted | undefined
}

const poolSize = 16
const connectTimeoutMs = 5000
const retryForMs = 1000
const transactionTimeoutMs = 30_000
const commandTimeoutMs = 600_000
/** A session that cannot say goodbye (its server hangs) is left to its timeouts. */
const closeTimeoutMs = 2000

const deadlockPause = Schedule.exponential("50 millis", 1.5).pipe(Schedule.jittered)

const failed = (cause: unknown): Neo4jFailed =>
  new Neo4jFailed({ code: cause instanceof neo4j.Neo4jError ? cause.code : "Unknown", cause })

const close = (session: Session): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, closeTimeoutMs)
  })
  return Promise.race([session.close().catch(() => {}), patience]).finally(() => clearTimeout(timer))
}

const transaction = (tx: ManagedTransaction): Transaction => ({
  run: <Row>(statement: string, parameters: Parameters) =>
    tx.run<RecordShape>(statement, parameters).then(({ records }) => records.map((record) => record.toObject() as Row))
})

/** Fails only when `url` is no Neo4j URL. */
export const neo4jLayer = (options: Neo4jOptions): Layer.Layer<Neo4j, Neo4jFailed> =>
  Layer.effect(
    Neo4j,
    Effect.gen(function* () {
      const driver = yield* Effect.acquireRelease(
        Effect.try({
          try: () =>
            neo4j.driver(
              options.url,
              options.password === undefined
                ? undefined
                : neo4j.auth.basic(options.user, Redacted.value(options.password)),
              {
                disableLosslessIntegers: true,
                maxConnectionPoolSize: poolSize,
                connectionTimeout: connectTimeoutMs,
                connectionAcquisitionTimeout: connectTimeoutMs * 2,
                maxTransactionRetryTime: retryForMs,
                telemetryDisabled: true,
                // Hints about statements are for people who write them; here they would travel with every answer.
                notificationFilter: { minimumSeverityLevel: "OFF" },
                userAgent: "braid"
              }
            ),
          catch: (cause) => new Neo4jFailed({ code: `"${options.url}" is no URL of a Neo4j`, cause })
        }),
        (driver) => Effect.promise(() => driver.close().catch(() => {}))
      )
      const withSession = <A, E>(mode: "READ" | "WRITE", use: (session: Session) => Effect.Effect<A, E>) =>
        Effect.acquireUseRelease(
          Effect.sync(() => driver.session({ defaultAccessMode: mode })),
          use,
          (session) => Effect.promise(() => close(session))
        )
      const config = { timeout: transactionTimeoutMs, metadata: { app: "braid" } }

      return {
        read: <Row>(statement: string, parameters: Parameters, { latest = false } = {}) =>
          withSession(latest ? "WRITE" : "READ", (session) =>
            Effect.tryPromise({
              try: () =>
                session[latest ? "executeWrite" : "executeRead"](
                  (tx) => transaction(tx).run<Row>(statement, parameters),
                  config
                ),
              catch: failed
            })
          ),
        write: <A, E>(work: (tx: Transaction) => Promise<A>, refused: (error: unknown) => E | undefined) =>
          withSession("WRITE", (session) =>
            Effect.tryPromise({
              try: () => session.executeWrite((tx) => work(transaction(tx)), config),
              catch: (error): Neo4jFailed | E => refused(error) ?? failed(error)
            })
          ),
        command: (statement, parameters) =>
          withSession("WRITE", (session) =>
            Effect.tryPromise({
              try: () =>
                session.run(statement, parameters, {
                  timeout: commandTimeoutMs,
                  metadata: { ...config.metadata, command: statement }
                }),
              catch: failed
            })
          ).pipe(
            // What the driver does for managed transactions.
            Effect.retry({
              schedule: deadlockPause,
              times: 8,
              while: ({ code }) => code.startsWith("Neo.TransientError")
            }),
            Effect.asVoid
          )
      }
    })
  )
