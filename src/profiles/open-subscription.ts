/**
 * One subscription as the transports see it: results one after the other, each with loaders of its own, every error with its
 * code. It can be ended from outside (`subscribers.ts`): then the reason is its last result, also for one that waits.
 */
import { createSourceEventStream, execute, type ExecutionResult, GraphQLError, type SubscriptionArgs } from "graphql"

/** As `ExecutionArgs.contextValue` of a subscription must be. */
export interface Renewable {
  /** For the next event: what was loaded for the one before may have changed. */
  readonly fresh: () => object
}

type Step = IteratorResult<ExecutionResult, undefined>
const over: Step = { done: true, value: undefined }

const asGraphqlError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError
    ? error
    : new GraphQLError("Internal error.", { originalError: error instanceof Error ? error : new Error(String(error)) })

export class OpenSubscription implements AsyncIterableIterator<ExecutionResult, undefined> {
  /** Gives the errors of an event their final form. */
  private readonly finish: (result: ExecutionResult) => ExecutionResult
  private args: SubscriptionArgs | undefined
  private events: AsyncIterator<unknown> | undefined
  private ended = false
  /** Not told yet. */
  private last: ExecutionResult | undefined
  private waiting: ((step: Step) => void) | undefined
  /** Called once, when nothing more is read from the source. */
  onEnd: () => void = () => {}

  constructor(finish: (result: ExecutionResult) => ExecutionResult) {
    this.finish = finish
  }

  /** Itself; or why nothing can be subscribed to. */
  async start(args: SubscriptionArgs): Promise<OpenSubscription | ExecutionResult> {
    const stream = await createSourceEventStream(args).catch((error: unknown) => {
      this.end(undefined)
      throw error
    })
    if (!(Symbol.asyncIterator in stream)) {
      this.end(undefined)
      return stream
    }
    this.args = args
    this.events = stream[Symbol.asyncIterator]()
    // Ended while it was about to start.
    if (this.ended) void this.events.return?.()
    return this
  }

  next(): Promise<Step> {
    if (this.ended) {
      const { last } = this
      this.last = undefined
      return Promise.resolve(last === undefined ? over : { done: false, value: last })
    }
    return new Promise((resolve) => {
      this.waiting = resolve
      this.pull().then(
        (step) => this.deliver(resolve, step),
        (error: unknown) => this.deliver(resolve, { done: false, value: { errors: [asGraphqlError(error)] } }, true)
      )
    })
  }

  return(): Promise<Step> {
    this.end(undefined)
    return Promise.resolve(over)
  }

  /** Without a reason it ends as if it had nothing more to say. */
  end(reason: GraphQLError | undefined): void {
    if (this.ended) return
    this.ended = true
    if (reason !== undefined) this.last = this.finish({ errors: [reason] })
    void this.events?.return?.()
    this.onEnd()
    const { waiting } = this
    this.waiting = undefined
    if (waiting !== undefined) void this.next().then(waiting)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private async pull(): Promise<Step> {
    const event = await this.events!.next()
    if (event.done === true) return over
    const args = this.args!
    const contextValue = (args.contextValue as Renewable).fresh()
    return { done: false, value: await execute({ ...args, rootValue: event.value, contextValue }) }
  }

  private deliver(resolve: (step: Step) => void, step: Step, failed = false): void {
    // Whoever ended it has answered already.
    if (this.waiting !== resolve) return
    this.waiting = undefined
    if (step.done === true || failed) this.end(undefined)
    resolve(step.done === true ? over : { done: false, value: this.finish(step.value) })
  }
}
