/**
 * Logs on standard error, one line per record; standard output belongs to the ready line and to commands.
 *
 *     {"timestamp":"...","level":"WARN","message":"space demo failed and is restarted: ...","fiber":"space demo"}
 *
 * For machines JSON, for a terminal a shorter line in colour. Annotations (`Effect.annotateLogs`) become members.
 * No caller passes values of events, identifiers or secrets: a log may be read by people who may not see persons.
 */
import { Layer, Logger, type LogLevel, References } from "effect"

type Structured = ReturnType<typeof Logger.formatStructured.log>

const words = (value: unknown): string =>
  typeof value === "string" ? value : value instanceof Error ? value.message : JSON.stringify(value)

const message = (record: Structured): string =>
  Array.isArray(record.message) ? record.message.map(words).join(" ") : words(record.message)

export const jsonLine = (record: Structured): string =>
  JSON.stringify({
    timestamp: record.timestamp,
    level: record.level,
    message: message(record),
    ...record.annotations,
    ...(record.cause === undefined ? {} : { cause: record.cause })
  })

const colours: Readonly<Record<string, string>> = {
  ERROR: "\u001B[31m",
  FATAL: "\u001B[31m",
  WARN: "\u001B[33m",
  DEBUG: "\u001B[2m"
}

export const terminalLine = (record: Structured): string => {
  const annotations = Object.entries(record.annotations).map(([key, value]) => `${key}=${words(value)}`)
  const colour = colours[record.level] ?? "\u001B[36m"
  const line = [record.timestamp.slice(11, 19), `${colour}${record.level.padEnd(5)}\u001B[0m`, message(record)]
  if (annotations.length > 0) line.push(`\u001B[2m${annotations.join(" ")}\u001B[0m`)
  return record.cause === undefined ? line.join(" ") : `${line.join(" ")}\n${record.cause}`
}

/** Replaces all loggers. `terminal` chooses between the two forms; records below `level` are not made at all. */
export const logging = (options: {
  readonly level: LogLevel.LogLevel
  readonly terminal: boolean
}): Layer.Layer<never> => {
  const line = options.terminal ? terminalLine : jsonLine
  const logger = Logger.make<unknown, void>((record) => {
    process.stderr.write(`${line(Logger.formatStructured.log(record))}\n`)
  })
  return Layer.mergeAll(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, options.level))
}
