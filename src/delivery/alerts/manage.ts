/**
 * Alerts as people make, change and delete them (DEL-50, DEL-55). Everyone with access may create; who did not make an alert may not
 * change it, and only an owner of the workspace may delete it besides its creator. Who may see the resource is decided by the caller.
 */
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../../platform/database.ts"
import { Vault, VaultLocked } from "../../platform/vault.ts"
import { addAudit, auditId } from "../../workspace/audit.ts"
import { newSeed } from "../../workspace/secrets.ts"
import { AlertRefused, type AlertType, alertTypes, type ChannelType, thresholds } from "./alert.ts"
import { type KeptChannel, readChannels, sealChannels } from "./channels.ts"
import { AlertResources } from "./resources.ts"
import { AlertSenders } from "./senders.ts"
import { alertColumns, type AlertRow, type AlertView, makeAlertViews, told } from "./views.ts"

const mostOfResource = 50

export interface NewAlert {
  readonly type: string
  readonly resourceId: string
  readonly threshold: number
  readonly channels: unknown
}

export interface AlertChanges {
  readonly threshold?: number | undefined
  readonly channels?: unknown
}

export interface Asker {
  readonly actor: string
  /** Of the workspace. */
  readonly isOwner: boolean
}

const refuse = (code: AlertRefused["code"], message: string) => new AlertRefused({ code, message })
const notFound = (id: string) => refuse("NOT_FOUND", `There is no alert ${id}.`)
const locked = (error: unknown) => {
  if (error instanceof VaultLocked) return refuse("VALIDATION_FAILED", error.message)
  throw error
}

const checkThreshold = (type: AlertType, threshold: number) => {
  const [least, most] = thresholds[type]
  return threshold >= least && threshold <= most
    ? Effect.void
    : Effect.fail(refuse("VALIDATION_FAILED", `\`threshold\` is a percentage from ${least} to ${most}.`))
}

const newChannelId = () => newSeed().slice(0, 8)

type Answer<A> = Effect.Effect<A, AlertRefused | SqlError.SqlError>

export const makeAlertManagement = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const vault = yield* Vault
  const resources = yield* AlertResources
  const { available } = yield* AlertSenders

  const { opened, viewsOf } = makeAlertViews(sql, vault)

  const find = (id: string) => sql.unsafe<AlertRow>(`select ${alertColumns} from alerts where id = $1`, [id])

  const audit = (at: number, actor: string, action: string, id: string, before: unknown, after: unknown) =>
    addAudit(sql, [
      { id: auditId(at, newSeed()), at, actor, space: null, action, target: `alert ${id}`, reason: null, before, after }
    ])

  const sealed = (id: string, channels: ReadonlyArray<KeptChannel>) =>
    Effect.try({ try: () => sealChannels(vault, id, channels), catch: locked })

  const viewOf = (id: string) => Effect.map(Effect.flatMap(find(id), viewsOf), ([view]) => view!)

  const create = Effect.fnUntraced(function* (
    { actor }: Asker,
    { type: asked, resourceId, threshold, channels }: NewAlert
  ) {
    const type = alertTypes.find((each) => each === asked)
    if (type === undefined)
      return yield* refuse("VALIDATION_FAILED", `\`type\` of an alert is ${alertTypes.join(" or ")}.`)
    const resource = resources.find(resourceId)
    if (resource?.type !== (type === "SOURCE_VOLUME" ? "source" : "destination"))
      return yield* refuse(
        "VALIDATION_FAILED",
        `\`resourceId\` of this alert is a ${type === "SOURCE_VOLUME" ? "source" : "destination"}.`
      )
    yield* checkThreshold(type, threshold)
    const kept = yield* readChannels(channels, available, [], newChannelId)
    const at = yield* Clock.currentTimeMillis
    const id = `alr_${newSeed()}`
    const columns = yield* sealed(id, kept)
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        const [held] = yield* sql<{ n: number }>`select count(*)::int4 as n from alerts where resource = ${resourceId}`
        if (held!.n >= mostOfResource)
          return yield* refuse("ALERT_LIMIT", `A source or destination has at most ${mostOfResource} alerts.`)
        yield* sql`insert into alerts (id, type, resource, threshold, channels, secrets, created_by, created_at, updated_at, state)
          values (${id}, ${type}, ${resourceId}, ${threshold}, ${columns.channels}, ${columns.secrets}, ${actor}, ${new Date(at)}, ${new Date(at)}, 'ok')`
        const view = yield* viewOf(id)
        yield* audit(at, actor, "Alert Created", id, null, told(view))
        return view
      })
    )
  })

  const update = Effect.fnUntraced(function* ({ actor }: Asker, id: string, { channels, threshold }: AlertChanges) {
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        const [row] = yield* sql.unsafe<AlertRow>(`select ${alertColumns} from alerts where id = $1 for update`, [id])
        if (row === undefined) return yield* notFound(id)
        if (row.createdBy !== actor)
          return yield* refuse("ALERT_NOT_OWNER", "Only who made an alert may change it. Make one of your own instead.")
        const wanted = threshold ?? row.threshold
        yield* checkThreshold(row.type, wanted)
        const [before] = yield* viewsOf([row])
        const kept = opened(row)
        const columns =
          channels === undefined ? row : yield* sealed(id, yield* readChannels(channels, available, kept, newChannelId))
        const at = yield* Clock.currentTimeMillis
        // Judged anew under another threshold, without waiting for the next hour.
        yield* sql`update alerts set threshold = ${wanted}, channels = ${columns.channels}, secrets = ${columns.secrets}, updated_at = ${new Date(at)},
          judged_hour = case when threshold = ${wanted} then judged_hour end where id = ${id}`
        const view = yield* viewOf(id)
        yield* audit(at, actor, "Alert Modified", id, told(before!), told(view))
        return view
      })
    )
  })

  const remove = Effect.fnUntraced(function* ({ actor, isOwner }: Asker, id: string) {
    yield* sql.withTransaction(
      Effect.gen(function* () {
        const [row] = yield* find(id)
        if (row === undefined) return yield* notFound(id)
        if (row.createdBy !== actor && !isOwner)
          return yield* refuse(
            "ALERT_NOT_OWNER",
            "Only who made an alert, or an owner of the workspace, may delete it."
          )
        const [view] = yield* viewsOf([row])
        yield* sql`delete from alerts where id = ${id}`
        yield* audit(yield* Clock.currentTimeMillis, actor, "Alert Deleted", id, told(view!), null)
      })
    )
  })

  return {
    /** What a channel can be here; without SMTP there is no e-mail. */
    channelTypes: available as ReadonlyArray<ChannelType>,
    /** The oldest first; of one source or destination, or of all. */
    list: (resourceId?: string): Answer<ReadonlyArray<AlertView>> =>
      Effect.flatMap(
        sql.unsafe<AlertRow>(
          `select ${alertColumns} from alerts where $1::text is null or resource = $1::text order by alerts.n`,
          [resourceId ?? null]
        ),
        viewsOf
      ),
    find: (id: string): Answer<AlertView> =>
      Effect.gen(function* () {
        const [view] = yield* Effect.flatMap(find(id), viewsOf)
        return view ?? (yield* notFound(id))
      }),
    create: create as (asker: Asker, alert: NewAlert) => Answer<AlertView>,
    update: update as (asker: Asker, id: string, changes: AlertChanges) => Answer<AlertView>,
    remove: remove as (asker: Asker, id: string) => Answer<void>
  }
})
