/** What every long-lived fiber is doing: the source of `/health`. */
import { Context, Layer } from "effect"

/** `standby`: another process does the work and this one would take over; as well as `running`. */
export type FiberStatus = "running" | "standby" | "restarting" | "waiting" | "stopped"

export interface FiberHealth {
  readonly name: string
  readonly status: FiberStatus
  readonly restarts: number
  readonly lastError: string | null
}

/** Registry of fibers; plain and synchronous, so that reporting never fails. */
export class Health extends Context.Service<
  Health,
  {
    readonly set: (name: string, status: FiberStatus) => void
    /** Counts a restart and keeps the reason. */
    readonly failed: (name: string, error: string) => void
    /** It goes on by itself once what it needs is back; no restart. */
    readonly waiting: (name: string, reason: string) => void
    readonly remove: (name: string) => void
    readonly fibers: () => ReadonlyArray<FiberHealth>
  }
>()("braid/platform/Health") {
  static readonly layer = Layer.sync(this, () => {
    const fibers = new Map<string, { name: string; status: FiberStatus; restarts: number; lastError: string | null }>()
    const of = (name: string) => {
      let fiber = fibers.get(name)
      if (fiber === undefined) {
        fiber = { name, status: "running", restarts: 0, lastError: null }
        fibers.set(name, fiber)
      }
      return fiber
    }
    return {
      set: (name, status) => {
        of(name).status = status
      },
      failed: (name, error) => {
        const fiber = of(name)
        fiber.status = "restarting"
        fiber.restarts += 1
        fiber.lastError = error
      },
      waiting: (name, reason) => {
        const fiber = of(name)
        fiber.status = "waiting"
        fiber.lastError = reason
      },
      remove: (name) => {
        fibers.delete(name)
      },
      fibers: () => [...fibers.values()].map((fiber) => ({ ...fiber }))
    }
  })
}
