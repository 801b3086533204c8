/** The command line. Wires commands to what they run; how errors are shown and exit codes are decided here only. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Config, Console, Effect, Exit, Layer, Option, Runtime } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import { configurationBeside, historyBeside, migrate, rebuild, serve } from "./app.ts"
import { settingProblem, Settings } from "./config.ts"
import { decryptFieldCommand } from "./decrypt-field-command.ts"
import { applyConfigurationFile, exportConfiguration } from "./config-command.ts"
import { demo } from "./demo/demo.ts"
import { exportEvents } from "./export-command.ts"
import { explainEvent } from "./explain-command.ts"
import { doctor } from "./doctor/doctor.ts"
import { runLocalNeo4j } from "./platform/neo4j-local.ts"
import { logging } from "./platform/logging.ts"
import { makeToken } from "./token-command.ts"
import { version } from "./version.ts"
import { whatIf } from "./what-if-command.ts"

const terminal = process.stderr.isTTY === true

/** Settings from the environment, and the log they ask for. */
const environment = Layer.unwrap(Effect.map(Settings, ({ logLevel }) => logging({ level: logLevel, terminal }))).pipe(
  Layer.provideMerge(Settings.layer)
)

const command = {
  serve: Command.make("serve", {}, () => Effect.provide(serve, environment)).pipe(
    Command.withDescription(
      "Run the service until it is stopped (SIGTERM or Ctrl-C drains it). SIGHUP reads the configuration file again."
    )
  ),
  demo: Command.make("demo", {}, () => demo(terminal)).pipe(
    Command.withDescription("Run everything embedded in a folder of its own, play a shop's week into it, and stay up.")
  ),
  migrate: Command.make("migrate", {}, () =>
    Effect.provide(Effect.andThen(migrate, Console.log("The database is up to date.")), environment)
  ).pipe(Command.withDescription("Bring the database up to date and exit. `serve` does the same when it starts.")),
  doctor: Command.make("doctor", {}, () => doctor).pipe(
    Command.withDescription(
      "Check Node, PostgreSQL, Neo4j, the port, the disk and the configuration, and say what to do."
    )
  ),
  token: Command.make(
    "token",
    {
      name: Flag.String("name").pipe(Flag.withDescription("What it is for"), Flag.withDefault("command line")),
      scopes: Flag.String("scope").pipe(
        Flag.withDescription("What it may do; may be given several times. workspace:admin, everything, without it"),
        Flag.atLeast(0)
      ),
      space: Flag.String("space").pipe(
        Flag.withDescription("Slug of the one space that it is for; the whole workspace without it"),
        Flag.optional
      )
    },
    ({ name, scopes, space }) =>
      makeToken({
        name,
        scopes: scopes.length === 0 ? ["workspace:admin"] : scopes,
        space: Option.getOrUndefined(space)
      }).pipe(Effect.scoped, Effect.provide(environment))
  ).pipe(Command.withDescription("Make an access token, for the console and the APIs, and show it once.")),
  rebuild: Command.make(
    "rebuild",
    {
      space: Flag.String("space").pipe(Flag.withDescription("Slug of one space; all spaces without it"), Flag.optional)
    },
    ({ space }) => Effect.provide(rebuild(Option.getOrUndefined(space)), environment)
  ).pipe(Command.withDescription("Build the graph again from the journal; the service goes on meanwhile.")),
  explain: Command.make(
    "explain",
    {
      file: Argument.String("event.json").pipe(
        Argument.withDescription("One call, as it is sent or stored; - reads standard input"),
        Argument.optional
      ),
      messageId: Flag.String("message-id").pipe(
        Flag.withDescription("Explain a message that was resolved, from its record"),
        Flag.optional
      ),
      space: Flag.String("space").pipe(
        Flag.withDescription("Slug of the space, when there are several"),
        Flag.optional
      ),
      rules: Flag.String("rules").pipe(Flag.withDescription("File with rules to try instead"), Flag.optional),
      json: Flag.Boolean("json").pipe(Flag.withDescription("Everything, for machines"), Flag.withDefault(false))
    },
    ({ file, messageId, space, rules, json }) =>
      Effect.provide(
        explainEvent({
          file: Option.getOrUndefined(file),
          messageId: Option.getOrUndefined(messageId),
          space: Option.getOrUndefined(space),
          rules: Option.getOrUndefined(rules),
          json
        }),
        environment
      )
  ).pipe(Command.withDescription("Say step by step how an event would be resolved, or was. Writes nothing.")),
  whatIf: Command.make(
    "what-if",
    {
      file: Argument.String("rules.json").pipe(Argument.withDescription("Rules to try; - reads standard input")),
      space: Flag.String("space").pipe(
        Flag.withDescription("Slug of the space, when there are several"),
        Flag.optional
      ),
      only: Flag.String("only").pipe(
        Flag.withDescription(
          "An identifier, as type:value: only the people who are connected with it; may be given several times"
        ),
        Flag.atLeast(0)
      ),
      clusters: Flag.Int("clusters").pipe(
        Flag.withDescription("How many of the profiles that would be others are shown, the largest first"),
        Flag.withDefault(10)
      ),
      json: Flag.Boolean("json").pipe(Flag.withDescription("Everything, for machines"), Flag.withDefault(false))
    },
    ({ file, space, only, clusters, json }) =>
      Effect.provide(
        whatIf({ file, space: Option.getOrUndefined(space), identifiers: only, clusters, json }),
        environment
      )
  ).pipe(
    Command.withDescription(
      "Resolve the whole history under other rules, beside the live profiles, and say who would be another. Changes nothing."
    )
  ),
  decryptField: Command.make(
    "decrypt-field",
    {
      value: Argument.String("value").pipe(
        Argument.withDescription("The encrypted value, as the destination got it; - reads standard input"),
        Argument.optional
      ),
      key: Flag.String("key").pipe(Flag.withDescription("File with the private key that was shown when it was made"))
    },
    ({ key, value }) => decryptFieldCommand({ key, value: Option.getOrUndefined(value) })
  ).pipe(Command.withDescription("Open a field that was encrypted for a destination. Needs no running service.")),
  export: Command.make(
    "export",
    {
      source: Argument.String("source").pipe(Argument.withDescription("Slug of the source")),
      file: Argument.String("file").pipe(
        Argument.withDescription("File to write, readable by you alone; standard output without it"),
        Argument.optional
      ),
      from: Flag.String("from").pipe(
        Flag.withDescription("Received then or later, e.g. 2024-05-01; everything without it"),
        Flag.optional
      ),
      to: Flag.String("to").pipe(Flag.withDescription("Received before; now without it"), Flag.optional),
      forImport: Flag.Boolean("for-import").pipe(
        Flag.withDescription("Leave out message ids and times of sending, so that the events can be sent again"),
        Flag.withDefault(false)
      )
    },
    ({ source, file, from, to, forImport }) =>
      exportEvents({
        source,
        file: Option.getOrUndefined(file),
        from: Option.getOrUndefined(from),
        to: Option.getOrUndefined(to),
        forImport
      }).pipe(Effect.provide(historyBeside), Effect.scoped, Effect.provide(environment))
  ).pipe(
    Command.withDescription(
      "Write what a source has sent, from log and archive: gzip, one JSON object a line, oldest first."
    )
  ),
  configExport: Command.make(
    "export",
    {
      file: Argument.String("file").pipe(
        Argument.withDescription("File to write, readable by you alone; standard output without it"),
        Argument.optional
      )
    },
    ({ file }) =>
      exportConfiguration(Option.getOrUndefined(file)).pipe(
        Effect.provide(configurationBeside),
        Effect.scoped,
        Effect.provide(environment)
      )
  ).pipe(
    Command.withDescription(
      "Write the whole configuration as a file. Secrets of destinations are names of environment variables in it."
    )
  ),
  configApply: Command.make(
    "apply",
    {
      file: Argument.String("file").pipe(Argument.withDescription("Configuration to apply; - reads standard input")),
      dryRun: Flag.Boolean("dry-run").pipe(
        Flag.withDescription("Say what would change and change nothing"),
        Flag.withDefault(false)
      )
    },
    ({ file, dryRun }) =>
      applyConfigurationFile(file, dryRun).pipe(
        Effect.provide(configurationBeside),
        Effect.scoped,
        Effect.provide(environment)
      )
  ).pipe(
    Command.withDescription(
      "Make the configuration what a file says. What the file does not name stays; applied twice it changes nothing."
    )
  ),
  neo4j: Command.make(
    "neo4j",
    { port: Flag.Int("port").pipe(Flag.withDescription("Bolt port"), Flag.withDefault(7687)) },
    ({ port }) =>
      Effect.provide(
        Effect.flatMap(Settings, ({ dataDir }) => runLocalNeo4j({ dataDir, port })),
        environment
      )
  ).pipe(Command.withDescription("Run a local Neo4j without Docker (needs Java 17 or newer), for BRAID_GRAPH=neo4j."))
}

const braid = Command.make("braid").pipe(
  Command.withDescription("A self-hosted customer data platform: Segment's API in, one profile per person out."),
  Command.withSubcommands([
    command.serve,
    command.demo,
    command.migrate,
    command.doctor,
    Command.make("graph").pipe(
      Command.withDescription("The identity graph."),
      Command.withSubcommands([command.rebuild])
    ),
    command.export,
    Command.make("config").pipe(
      Command.withDescription("The configuration as a file."),
      Command.withSubcommands([command.configExport, command.configApply])
    ),
    command.token,
    command.explain,
    command.whatIf,
    command.decryptField,
    command.neo4j
  ])
)

const bugReport = (cause: Cause.Cause<unknown>): string =>
  process.env["BRAID_LOG_LEVEL"] === "Debug"
    ? Cause.pretty(cause)
    : "This is a fault of Braid. BRAID_LOG_LEVEL=Debug shows where it happened."

/** One line for people; the command line has already explained its own errors. */
const explain = (cause: Cause.Cause<unknown>): string | undefined => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (CliError.isCliError(error)) return undefined
  if (error instanceof Config.ConfigError) return settingProblem(error)
  if (error instanceof Error && error.message !== "") return error.message
  const squashed = Cause.squash(cause)
  return `${squashed instanceof Error ? squashed.message : String(squashed)}\n${bugReport(cause)}`
}

// A reader of our output that goes away (`braid doctor | head`) is no reason to fall over.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})

Command.run(braid, { version }).pipe(
  Effect.tapCause((cause) =>
    Effect.sync(() => {
      if (Cause.hasInterruptsOnly(cause)) return
      const text = explain(cause)
      if (text !== undefined) process.stderr.write(`${text}\n`)
    })
  ),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    // SIGTERM and Ctrl-C end with 0 once everything is drained.
    teardown: (exit, done) =>
      Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? done(0) : Runtime.defaultTeardown(exit, done)
  })
)
