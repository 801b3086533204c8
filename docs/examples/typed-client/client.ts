/**
 * A client of Braid's GraphQL Profile API without dependencies: an operation carries the types of its variables and of its answer, so
 * a field that was not asked for, or a variable that is missing, does not compile.
 */
import type { Operation } from "./api/operation.ts"

/** What was wrong, with the code to act by (`NOT_FOUND`, `RATE_LIMITED`, ...) and the id under which the server logged it. */
export class ProfileApiError extends Error {
  readonly code: string
  readonly requestId: string | undefined

  constructor(message: string, code: string, requestId: string | undefined) {
    super(message)
    this.name = "ProfileApiError"
    this.code = code
    this.requestId = requestId
  }
}

interface Answer<Data> {
  readonly data?: Data | null
  readonly errors?: ReadonlyArray<{
    readonly message: string
    readonly extensions?: { readonly code?: string; readonly requestId?: string }
  }>
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class ProfileApi {
  private readonly url: string
  private readonly token: string
  private readonly attempts: number

  constructor(options: { readonly host: string; readonly token: string; readonly attempts?: number }) {
    this.url = new URL("/graphql", options.host).href
    this.token = options.token
    this.attempts = options.attempts ?? 5
  }

  /** Tries again, with growing pauses, while the rate is exceeded or the server is not available. */
  async ask<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(this.url, {
        method: "POST",
        headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
        body: JSON.stringify({ operationName: operation.name, query: operation.text, variables })
      })
      const { data, errors } = (await response.json()) as Answer<Data>
      const [error] = errors ?? []
      if (error === undefined && data !== undefined && data !== null) return data
      if ((response.status !== 429 && response.status !== 503) || attempt === this.attempts)
        throw new ProfileApiError(
          error?.message ?? `The server answered ${response.status}.`,
          error?.extensions?.code ?? "INTERNAL",
          error?.extensions?.requestId
        )
      await wait(1000 * Number(response.headers.get("retry-after") ?? 1) * 2 ** (attempt - 1))
    }
  }
}
