/** Which source a request is for (ING-15 to ING-17): the key in the body, else the user name of Basic authentication. */

const wellFormed = /^[A-Za-z0-9_-]{1,128}$/
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/

/** The user name; undefined when there is no readable Basic value. Other schemes are ignored. */
export const basicUser = (authorization: string | undefined): string | undefined => {
  if (authorization === undefined || authorization.length > 1000) return undefined
  const [scheme, value = ""] = authorization.trim().split(/\s+/, 2)
  if (scheme!.toLowerCase() !== "basic" || !base64.test(value)) return undefined
  const decoded = Buffer.from(value, "base64").toString()
  const colon = decoded.indexOf(":")
  const user = (colon === -1 ? decoded : decoded.slice(0, colon)).trim()
  return user === "" ? undefined : user
}

/** The token of a Bearer value; undefined: there is none. */
export const bearerToken = (authorization: string | undefined): string | undefined => {
  const [scheme, token] = (authorization ?? "").trim().split(/\s+/, 2)
  return scheme!.toLowerCase() === "bearer" && token !== undefined && token !== "" ? token : undefined
}

export interface RequestKey {
  /** Undefined when it is missing or ill-formed. */
  readonly key: string | undefined
  /** Header and body name different keys; the body wins. */
  readonly differ: boolean
}

/** The write key of a request; `fromBody` is the member `writeKey` as sent, `fromHeader` what `basicUser` found. */
export const requestKey = (fromBody: unknown, fromHeader: string | undefined): RequestKey => {
  const body = typeof fromBody === "string" ? fromBody.trim() : (fromBody ?? "")
  const key = body === "" ? fromHeader : body
  return {
    key: typeof key === "string" && wellFormed.test(key) ? key : undefined,
    differ: body !== "" && fromHeader !== undefined && body !== fromHeader
  }
}
