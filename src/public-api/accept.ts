/** Versions by the `Accept` header (ADM-13): one shape serves all versions of an endpoint, but it must have the one asked for. */
import type { Version } from "./group.ts"
import { problem } from "./problem.ts"

const aliases: Readonly<Record<string, Version>> = { stable: "v1", beta: "v1beta", alpha: "v1alpha" }
const ours = /^application\/vnd\.segment\.(\w+)\+json$/

/** Throws 406 when nothing that is asked for is there. */
export const checkAccept = (accept: string | undefined, versions: ReadonlyArray<Version>): void => {
  const wanted = (accept ?? "").split(",").map((part) => part.split(";")[0]!.trim().toLowerCase())
  const asked = wanted.filter((part) => part !== "")
  const fits = (type: string): boolean => {
    if (type === "*/*" || type === "application/*" || type === "application/json") return true
    const name = ours.exec(type)?.[1]
    return name !== undefined && versions.some((version) => version === (aliases[name] ?? name))
  }
  if (asked.length === 0 || asked.some(fits)) return
  throw problem(
    406,
    "not-acceptable",
    `This endpoint answers application/json and ${versions.map((each) => `application/vnd.segment.${each}+json`).join(", ")}.`
  )
}
