/** Regulations over the Public API, and the suppression list in several processes. */
import {
  CreateSourceRegulationV1Input,
  CreateWorkspaceRegulationV1Input,
  DeletionAndSuppressionApi
} from "@segment/public-api-sdk-typescript"
import { Effect, Schedule, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import type { SettingsValue } from "../../src/config.ts"
import { regulations } from "../../src/public-api/groups/regulations.ts"
import { startRegulations } from "../../src/workspace/manage-regulations.ts"
import { servePublicApi, type Serving } from "../support/public-api-process.ts"
import { installation, type Process, source } from "../support/workspaces.ts"

const file = {
  sources: [source("web"), source("srv")],
  spaces: [],
  tokens: [{ name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] }]
}

interface Running extends Serving {
  readonly suppressed: (userId: string, sourceId?: string) => boolean
}

const serving = (process: Process, settings: Partial<SettingsValue>) =>
  Effect.map(
    servePublicApi(process, Effect.all([regulations]), { regulationDelaySeconds: 0, ...settings }),
    (served): Running => ({
      ...served,
      suppressed: (userId, sourceId = "src_web") => {
        const source = process.snapshot().sources.find(({ id }) => id === sourceId)!
        return served.suppressions.current()?.(userId, source.no) === true
      }
    })
  )

const run = (
  body: (start: Effect.Effect<Running, unknown, Scope.Scope>) => Effect.Effect<void, unknown, Scope.Scope>,
  settings: Partial<SettingsValue> = {}
) =>
  installation(({ write, start }) => {
    write(file)
    return body(Effect.flatMap(start, (process) => serving(process, settings)))
  })

const order = (regulationType: string, ...subjectIds: ReadonlyArray<string>) => ({
  regulationType,
  subjectType: "USER_ID",
  subjectIds
})

describe("requests", () => {
  it("PRV-2 to PRV-5: create, look, list, cancel, in the shapes of Segment's client", () =>
    run(
      (start) =>
        Effect.gen(function* () {
          const { call, suppressed } = yield* start
          const made = yield* call("POST", "/regulations", order("SUPPRESS_ONLY", " u1 ", "u1", "u2"))
          expect(made.status).toBe(200)
          const { regulateId } = made.body.data
          // In force before it has started: what is in doubt stays out.
          expect([suppressed("u1"), suppressed("u2"), suppressed("u3")]).toEqual([true, true, false])
          const shown = yield* call("GET", `/regulations/${regulateId}`)
          expect(shown.body.data.regulation).toMatchObject({
            id: regulateId,
            overallStatus: "INITIALIZED",
            finishedAt: "",
            streamStatus: [
              { id: "src_web", destinationStatus: [] },
              { id: "src_srv", destinationStatus: [] }
            ]
          })
          yield* call("POST", "/regulations", order("DELETE_INTERNAL", "u9"))
          const first = yield* call("GET", "/regulations?pagination[count]=1")
          expect(first.body.data.regulations).toMatchObject([
            { id: regulateId, subjectType: "USER_ID", subjects: ["u1", "u2"], regulationType: "SUPPRESS_ONLY" }
          ])
          expect(first.body.data.pagination).toMatchObject({ previous: null, totalEntries: 2 })
          const cursor = encodeURIComponent(first.body.data.pagination.next)
          const second = yield* call("GET", `/regulations?pagination.count=1&pagination.cursor=${cursor}`)
          expect(second.body.data.regulations).toMatchObject([{ subjects: ["u9"] }])
          expect(second.body.data.pagination.next).toBeNull()
          const filtered = yield* call("GET", "/regulations?regulationTypes[0]=DELETE_INTERNAL&status=INITIALIZED")
          expect(filtered.body.data.regulations).toHaveLength(1)
          expect((yield* call("GET", "/suppressions")).body.data.suppressed).toEqual([
            { subjectType: "USER_ID", subjectIds: expect.arrayContaining(["u1", "u2"]) }
          ])
          expect((yield* call("DELETE", `/regulations/${regulateId}`)).body).toEqual({ data: { status: "SUCCESS" } })
          expect(suppressed("u1")).toBe(false)
          expect((yield* call("GET", `/regulations/${regulateId}`)).status).toBe(404)
          expect((yield* call("GET", "/suppressions")).body.data.suppressed).toEqual([])
        }),
      { regulationDelaySeconds: 300 }
    ))

  it("PRV-2 to PRV-5: Segment's own client creates, looks, lists page by page, and cancels, unchanged", () =>
    run(
      (start) =>
        Effect.gen(function* () {
          const { url } = yield* start
          const api = new DeletionAndSuppressionApi(url)
          api.accessToken = "pt_owner"
          const { RegulationTypeEnum, SubjectTypeEnum } = CreateWorkspaceRegulationV1Input
          const create = (regulationType: CreateWorkspaceRegulationV1Input.RegulationTypeEnum, ...ids: Array<string>) =>
            Effect.promise(() =>
              api.createWorkspaceRegulation({ regulationType, subjectType: SubjectTypeEnum.USER_ID, subjectIds: ids })
            ).pipe(Effect.map(({ body }) => body.data!.regulateId))
          const first = yield* create(RegulationTypeEnum.SUPPRESS_ONLY, "u1", "u2")
          const second = yield* create(RegulationTypeEnum.SUPPRESS_WITH_DELETE, "u3")
          const third = (yield* Effect.promise(() =>
            api.createSourceRegulation("src_web", {
              regulationType: CreateSourceRegulationV1Input.RegulationTypeEnum.SUPPRESS_ONLY,
              subjectType: CreateSourceRegulationV1Input.SubjectTypeEnum.USER_ID,
              subjectIds: ["u4"]
            })
          )).body.data!.regulateId

          const one = yield* Effect.promise(() => api.getRegulation(first))
          expect(one.body.data!.regulation).toMatchObject({
            id: first,
            overallStatus: "INITIALIZED",
            finishedAt: "",
            streamStatus: [
              { id: "src_web", destinationStatus: [] },
              { id: "src_srv", destinationStatus: [] }
            ]
          })
          expect(Date.parse(one.body.data!.regulation.createdAt)).not.toBeNaN()

          // Its lists are asked for with all that they take, and followed by the cursor.
          const listed: Array<string> = []
          let cursor: string | undefined
          do {
            const page = { count: 1, ...(cursor === undefined ? undefined : { cursor }) }
            const { regulations, pagination } = (yield* Effect.promise(() =>
              api.listWorkspaceRegulations(page, "INITIALIZED", ["SUPPRESS_ONLY", "SUPPRESS_WITH_DELETE"])
            )).body.data!
            listed.push(...regulations.map(({ id }) => id))
            expect(pagination.totalEntries).toBe(3)
            cursor = pagination.next ?? undefined
          } while (cursor !== undefined)
          expect(listed).toEqual([first, second, third])
          const ofSource = yield* Effect.promise(() =>
            api.listRegulationsFromSource("src_web", { count: 10 }, undefined, ["SUPPRESS_ONLY"])
          )
          expect(ofSource.body.data!.regulations).toMatchObject([
            { id: third, subjectType: "USER_ID", subjects: ["u4"], regulationType: "SUPPRESS_ONLY" }
          ])
          const suppressed = yield* Effect.promise(() => api.listSuppressions({ count: 10 }))
          expect(suppressed.body.data!.suppressed.flatMap(({ subjectIds }) => subjectIds).sort()).toEqual([
            "u1",
            "u2",
            "u3",
            "u4"
          ])

          expect((yield* Effect.promise(() => api.deleteRegulation(first))).body.data).toMatchObject({
            status: "SUCCESS"
          })
          const gone = yield* Effect.promise(() => api.getRegulation(first).catch((error: unknown) => error))
          expect(gone).toMatchObject({
            statusCode: 404,
            body: { errors: [{ type: "not-found", message: expect.any(String), status: 404 }] }
          })
          const wrong = yield* Effect.promise(() =>
            api
              .createWorkspaceRegulation({
                regulationType: RegulationTypeEnum.DELETE_ONLY,
                subjectType: SubjectTypeEnum.USER_ID,
                subjectIds: []
              })
              .catch((error: unknown) => error)
          )
          expect(wrong).toMatchObject({ statusCode: 422, body: { errors: [{ field: "subjectIds" }] } })
        }),
      { regulationDelaySeconds: 300 }
    ))

  it("PRV-4, AC8-35: what has started cannot be cancelled; cancelling one suppression leaves the other in force", () =>
    run((start) =>
      Effect.gen(function* () {
        const { call, database, suppressed } = yield* start
        const first = (yield* call("POST", "/regulations", order("SUPPRESS_ONLY", "u1"))).body.data.regulateId
        const second = (yield* call("POST", "/regulations", order("SUPPRESS_ONLY", "u1"))).body.data.regulateId
        expect((yield* call("DELETE", `/regulations/${first}`)).status).toBe(200)
        expect(suppressed("u1")).toBe(true)
        yield* startRegulations(database.write)
        const refused = yield* call("DELETE", `/regulations/${second}`)
        expect(refused).toMatchObject({ status: 409, body: { errors: [{ type: "conflict", status: 409 }] } })
        expect((yield* call("DELETE", "/regulations/reg_nope")).status).toBe(404)
      })
    ))

  it("PRV-5, AC8-36: a source suppresses for itself; what the workspace suppresses it cannot lift", () =>
    run((start) =>
      Effect.gen(function* () {
        const { call, database, suppressed } = yield* start
        const lift = Effect.fnUntraced(function* (path: string, userId: string) {
          const { body } = yield* call("POST", path, order("UNSUPPRESS", userId))
          yield* startRegulations(database.write)
          const { body: shown } = yield* call("GET", `/regulations/${body.data.regulateId}`)
          return shown.data.regulation.overallStatus
        })
        yield* call("POST", "/regulations/sources/src_web", order("SUPPRESS_ONLY", "u1"))
        yield* call("POST", "/regulations", order("SUPPRESS_ONLY", "u2"))
        yield* startRegulations(database.write)
        expect([suppressed("u1", "src_web"), suppressed("u1", "src_srv"), suppressed("u2", "src_srv")]).toEqual([
          true,
          false,
          true
        ])
        expect((yield* call("GET", "/regulations/sources/src_web")).body.data.regulations).toHaveLength(1)
        expect(yield* lift("/regulations/sources/src_web", "u2")).toBe("FAILED")
        expect(yield* lift("/regulations/sources/src_web", "u1")).toBe("FINISHED")
        expect(yield* lift("/regulations", "u2")).toBe("FINISHED")
        yield* call("GET", "/suppressions")
        expect((yield* call("GET", "/suppressions")).body.data.suppressed).toEqual([])
      })
    ))

  it("PRV-2: the quota of a month is told and kept", () =>
    run(
      (start) =>
        Effect.gen(function* () {
          const { call } = yield* start
          const made = yield* call("POST", "/regulations", order("DELETE_INTERNAL", "u1", "u2"))
          expect(made.headers.get("x-ratelimit-remaining")).toBe("1")
          expect(Date.parse(made.headers.get("x-ratelimit-reset")!)).toBeGreaterThan(Date.now())
          const over = yield* call("POST", "/regulations", order("UNSUPPRESS", "u3", "u4"))
          expect(over).toMatchObject({ status: 429, body: { errors: [{ type: "RequestError" }] } })
          // Counted apart.
          expect((yield* call("POST", "/regulations", order("DELETE_ONLY", "u3", "u4"))).status).toBe(200)
        }),
      { regulationQuota: 3 }
    ))

  const many = Array.from({ length: 5001 }, (_, i) => `u${i}`)
  it("PRV-2, AC8-30: what is wrong is said member by member", () =>
    run((start) =>
      Effect.gen(function* () {
        const { call } = yield* start
        const rows: ReadonlyArray<readonly [body: unknown, fields: ReadonlyArray<string>]> = [
          [{}, ["regulationType", "subjectType", "subjectIds"]],
          [order("NO_SUCH", "u1"), ["regulationType"]],
          [order("DELETE_ONLY"), ["subjectIds"]],
          [order("DELETE_ONLY", "u1", " "), ["subjectIds[1]"]],
          [order("DELETE_ONLY", "x".repeat(501)), ["subjectIds[0]"]],
          [{ ...order("DELETE_ONLY"), subjectIds: [1] }, ["subjectIds[0]"]],
          [order("DELETE_ONLY", ...many), ["subjectIds"]],
          [{ ...order("DELETE_ONLY", "o1"), subjectType: "OBJECT_ID" }, ["subjectType"]]
        ]
        for (const [body, fields] of rows) {
          const { status, body: answer } = yield* call("POST", "/regulations", body)
          expect(status).toBe(422)
          expect(answer.errors.map(({ field }: { field: string }) => field)).toEqual(fields)
        }
        const onSource = yield* call("POST", "/regulations/sources/src_web", order("DELETE_INTERNAL", "u1"))
        expect(onSource.status).toBe(422)
        const statuses = [
          yield* call("POST", "/regulations", "{"),
          yield* call("POST", "/regulations", `"${"x".repeat(4 * 1024 * 1024)}"`),
          yield* call("GET", "/regulations?pagination[count]=0"),
          yield* call("GET", "/regulations?pagination[cursor]=xx"),
          yield* call("GET", "/regulations?status=NOPE"),
          yield* call("POST", "/regulations/sources/src_none", order("SUPPRESS_ONLY", "u1")),
          yield* call("POST", "/regulations/cloudsources/src_web", {}),
          yield* call("PUT", "/regulations", {}),
          yield* call("GET", "/nothing"),
          yield* call("GET", "/regulations", undefined, "pt_wrong")
        ]
        expect(statuses.map(({ status }) => status)).toEqual([400, 413, 422, 422, 422, 404, 422, 405, 404, 401])
        for (const { body } of statuses) expect(body.errors[0]).toMatchObject({ type: expect.any(String) })
      })
    ))
})

/** Waits until the process knows it. */
const follows = (process: Running, expected: boolean) =>
  Effect.sync(() => process.suppressed("u1")).pipe(
    Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (it) => it === expected }),
    Effect.timeout("10 seconds")
  )

it("IDR-161, PRV-6: every process knows a suppression, one that starts later, too", () =>
  run((start) =>
    Effect.gen(function* () {
      const first = yield* start
      const second = yield* start
      yield* first.call("POST", "/regulations", order("SUPPRESS_ONLY", "u1"))
      yield* follows(second, true)
      const third = yield* start
      expect(third.suppressed("u1")).toBe(true)
      yield* first.call("POST", "/regulations", order("UNSUPPRESS", "u1"))
      yield* startRegulations(first.database.write)
      for (const process of [first, second, third]) yield* follows(process, false)
    })
  ))
