/** `braid demo`: the whole service in a folder of its own, a shop's ten days played into it, one person shown twice. */
import { Clock, Console, Effect, Layer } from "effect"
import { relative } from "node:path"
import { withService } from "../app.ts"
import { Settings } from "../config.ts"
import { logging } from "../platform/logging.ts"
import type { DemoCall } from "./call.ts"
import { journeys } from "./journeys.ts"
import { type DemoProfile, makeProfileClient, type ProfileClient } from "./profile-client.ts"
import { makeSender, type Sender } from "./sender.ts"
import { jane, janeBefore, janeMerge, segKicks } from "./story.ts"
import { bar, grouped, table } from "./table.ts"
import { demoAdminToken, demoKeys, demoToken, prepareWorkplace, type Workplace } from "./workplace.ts"

const people = 400
const seed = 7
const hour = 60 * 60 * 1000
/** Calls between two lines of progress. */
const chunk = 400

/** One line that is written over on a terminal; a few lines in a file. */
const progress = (label: string, total: number) => {
  const terminal = process.stdout.isTTY === true
  let quarter = -1
  return (done: number) => {
    const line = `  ${label}  ${bar(done / total)}  ${grouped(done)} of ${grouped(total)}`
    if (terminal) process.stdout.write(`\r${line}${done === total ? "\n" : ""}`)
    else if (Math.floor((4 * done) / total) > quarter) {
      quarter = Math.floor((4 * done) / total)
      process.stdout.write(`${line}\n`)
    }
  }
}

const sendAll = (sender: Sender, calls: ReadonlyArray<DemoCall>) =>
  Effect.gen(function* () {
    const show = progress("sending  ", calls.length)
    for (let i = 0; i < calls.length; i += chunk) {
      yield* sender.send(calls.slice(i, i + chunk))
      show(Math.min(calls.length, i + chunk))
    }
  })

/** Until every accepted event is in a profile. */
const resolved = (client: ProfileClient, show?: (lag: number) => void) =>
  Effect.gen(function* () {
    for (;;) {
      const lag = yield* client.lag
      show?.(lag)
      if (lag === 0) return
      yield* Effect.sleep("50 millis")
    }
  })

const nodes = <A>(connection: { readonly edges: ReadonlyArray<{ readonly node: A }> }) =>
  connection.edges.map((edge) => edge.node)

/** The rows of a table, one column per profile. */
const compare = (profiles: ReadonlyArray<DemoProfile>): ReadonlyArray<ReadonlyArray<string>> => {
  const row = (name: string, cell: (profile: DemoProfile) => string) => [
    name,
    ...profiles.map((profile) => cell(profile) || "-")
  ]
  return [
    row("identifiers", (p) =>
      nodes(p.externalIds)
        .map(({ id, type }) => `${type} ${id}`)
        .join("\n")
    ),
    row("traits", (p) =>
      nodes(p.traits)
        .map(({ key, value }) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join("\n")
    ),
    row("events", (p) =>
      nodes(p.events)
        .map(({ type }) => type.toLowerCase())
        .toReversed()
        .join(", ")
    ),
    row("merges", (p) => String(p.metadata.mergeCount))
  ]
}

const showJane = (client: ProfileClient, title: string) =>
  Effect.gen(function* () {
    const both = [yield* client.profile("anonymous_id", jane.first), yield* client.profile("anonymous_id", jane.second)]
    const profiles = [
      ...new Map(both.flatMap((profile) => (profile === null ? [] : [[profile.segmentId, profile] as const]))).values()
    ]
    yield* Console.log(`\n${title}\n`)
    yield* Console.log(table(["profile", ...profiles.map((profile) => profile.segmentId)], compare(profiles)))
  })

const play = Effect.fnUntraced(function* (url: string, { spaceId }: Workplace) {
  const sender = yield* makeSender(url, demoKeys)
  const client = makeProfileClient(url, spaceId, demoToken)
  const now = yield* Clock.currentTimeMillis
  const crowd = [...journeys({ people, now, seed }), ...segKicks(now - 4 * hour)]
  const last = janeBefore(now - 2 * hour)
  yield* Console.log(
    `\nA shoe shop: ${people} people, their phones, tablets and browsers, ten days. Sent with @segment/analytics-node.\n`
  )
  yield* sendAll(sender, crowd)
  yield* sender.send(last)
  const show = progress("resolving", crowd.length + last.length)
  yield* resolved(client, (lag) => show(crowd.length + last.length - lag))
  const seconds = ((yield* Clock.currentTimeMillis) - now) / 1000
  yield* Console.log(
    `  ${grouped(yield* client.people)} profiles (a device on which nobody signed in is one of its own), ${seconds.toFixed(1)} s after the first event`
  )

  yield* showJane(client, "Jane looked around on two devices and left her address on one of them. Two profiles:")
  yield* sender.send([janeMerge(now - hour)])
  yield* resolved(client)
  yield* showJane(client, `Then she gave ${jane.email} on the other device, too. One profile:`)
})

/** Shorter where that is possible. */
const nearby = (folder: string): string => {
  const path = relative(process.cwd(), folder)
  return path.startsWith("..") ? folder : path
}

const invitation = (url: string, { spaceId, settings }: Workplace) => `
Now it is yours:

  console        ${url}/console/sign-in#token=${demoAdminToken}
                 (or ${url}/console, with the token ${demoAdminToken})
  GraphiQL       ${url}/graphql
                 header  {"Authorization": "Bearer ${demoToken}"}
  write key      ${demoKeys.web}
  token          ${demoToken}
  space          ${spaceId}

  # Somebody who walked from an iPhone to an Android phone to a second app, and stayed one person:
  curl -u ${demoToken}: ${url}/v1/spaces/${spaceId}/collections/users/profiles/user_id:abc123def/external_ids

  # Send an event of your own, and read it back:
  curl -u ${demoKeys.web}: ${url}/v1/identify -d '{"userId":"me","traits":{"plan":"free"}}'
  curl -u ${demoToken}: ${url}/v1/spaces/${spaceId}/collections/users/profiles/user_id:me/traits

Everything is in ${nearby(settings.dataDir)}; the next demo starts afresh. Ctrl-C stops it.`

/** Nothing between the lines of the story, unless somebody asks for it. */
const quiet = (terminal: boolean) =>
  Layer.unwrap(
    Effect.map(Settings, ({ logLevel }) =>
      logging({ level: process.env["BRAID_LOG_LEVEL"] === undefined ? "Warn" : logLevel, terminal })
    )
  )

/** Runs until it is interrupted. Warnings only, unless BRAID_LOG_LEVEL asks for more. */
export const demo = (terminal: boolean) =>
  Effect.gen(function* () {
    const workplace = yield* prepareWorkplace
    const { host } = workplace.settings
    if (workplace.takenPort !== undefined) {
      yield* Console.log(
        `Port ${workplace.takenPort} on ${host} is taken by another program; the demo takes a free one.`
      )
    }
    yield* Console.log("Starting Braid with everything it needs ...")
    yield* withService(({ url }) =>
      Console.log(`Braid is ready at ${url}`).pipe(
        Effect.andThen(Effect.scoped(play(url, workplace))),
        Effect.andThen(Console.log(invitation(url, workplace))),
        Effect.andThen(Effect.never)
      )
    ).pipe(Effect.provideService(Settings, workplace.settings))
  }).pipe(Effect.provide(Layer.provideMerge(quiet(terminal), Settings.layer)))
