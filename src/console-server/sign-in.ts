/**
 * `/console/session`: sign in with an access token (POST), who is signed in (GET), sign out (DELETE). Until there are
 * accounts, what a person may do is what the token may do.
 */
import type { IncomingMessage } from "node:http"
import type { AccessToken, WorkspaceSnapshot } from "../workspace/workspace.ts"

const maxBodyBytes = 4 * 1024

/** Tokens cannot be guessed; nobody should be able to keep us busy with trying. */
const attempts = { perWindow: 30, windowMs: 10_000 } as const

export const makeAttemptLimit = (now: () => number): (() => boolean) => {
  let windowStart = Number.NEGATIVE_INFINITY
  let count = 0
  return () => {
    if (now() - windowStart > attempts.windowMs) {
      windowStart = now()
      count = 0
    }
    count += 1
    return count <= attempts.perWindow
  }
}

/** The token in the body of a sign-in; undefined when there is none. */
export const tokenOf = async (req: IncomingMessage): Promise<string | undefined> => {
  const chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"))
    const token = typeof body === "object" && body !== null && "token" in body ? body.token : undefined
    return typeof token === "string" && token !== "" ? token.trim() : undefined
  } catch {
    return undefined
  }
}

/** Who is signed in, and the spaces that they can see. */
export const whoIs = ({ id, name, spaceId, scopes }: AccessToken, { spaces }: WorkspaceSnapshot) => ({
  name,
  tokenId: id,
  scopes: [...scopes],
  spaces: spaces
    .filter((space) => space.id === spaceId || scopes.has("workspace:admin"))
    .map((space) => ({ id: space.id, slug: space.slug, name: space.name, kind: space.kind }))
})
