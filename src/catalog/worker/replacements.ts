/**
 * `$` in the replacement of `@replace` is text (DST-92). The package hands it to `String.replace`, where `$$`, `$&`, `` $` `` and `$'` mean
 * something else; written twice, a `$` means itself.
 *
 * A replacement has at most 10 characters there. One that becomes longer is put in piece by piece: a character that no text has stands
 * for what is still to come.
 */

const limit = 10
const special = /\$(?=[$&`'])/
const here = "\u{10fff0}"
const rest = "\u{10fff1}"

type Values = Record<string, unknown>
const isValues = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === "string"

/** Pieces of at most `size` characters, none of which ends between the two characters that mean one `$`. */
const piecesOf = (escaped: ReadonlyArray<string>, size: number): ReadonlyArray<string> => {
  const pieces = [""]
  for (const sign of escaped) {
    const last = pieces.length - 1
    if (pieces[last]!.length + sign.length > size) pieces.push(sign)
    else pieces[last] += sign
  }
  return pieces
}

/** `@replace` of one pattern. */
const replacing = (value: unknown, pattern: unknown, replacement: unknown, flags: Values): Values => {
  // Longer ones are refused by the package.
  if (!isText(replacement) || !special.test(replacement) || replacement.length > limit)
    return { "@replace": { ...flags, value, pattern, replacement } }
  const escaped = [...replacement].map((sign) => (sign === "$" ? "$$" : sign))
  if (escaped.join("").length <= limit)
    return { "@replace": { ...flags, value, pattern, replacement: escaped.join("") } }
  const pieces = piecesOf(escaped, limit - rest.length)
  let done: Values = { "@replace": { ...flags, value, pattern, replacement: here } }
  pieces.forEach((piece, i) => {
    const isLast = i === pieces.length - 1
    done = {
      "@replace": { value: done, pattern: i === 0 ? here : rest, replacement: isLast ? piece : piece + rest }
    }
  })
  return done
}

const rewritten = (options: Values): Values => {
  const { value, pattern, replacement, pattern2, replacement2, ...flags } = options
  const first = replacing(value, pattern, replacement, flags)
  return pattern2 === undefined || pattern2 === null || pattern2 === ""
    ? first
    : replacing(first, pattern2, replacement2, flags)
}

const hasSpecial = (options: Values): boolean =>
  [options["replacement"], options["replacement2"]].some((text) => isText(text) && special.test(text))

const walked = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    const members = value.map(walked)
    return members.every((member, i) => member === value[i]) ? value : members
  }
  if (!isValues(value)) return value
  let changed: Values | undefined
  for (const [key, member] of Object.entries(value)) {
    const now = walked(member)
    if (now !== member) (changed ??= { ...value })[key] = now
  }
  const now = changed ?? value
  const options = now["@replace"]
  if (!isValues(options) || !hasSpecial(options)) return now
  const { "@replace": _, ...beside } = now
  return { ...beside, ...rewritten(options) }
}

const known = new WeakMap<object, unknown>()

/** The mapping itself when there is nothing to do. */
export const literalReplacements = (mapping: unknown): unknown => {
  if (!isValues(mapping)) return mapping
  if (!known.has(mapping)) known.set(mapping, walked(mapping))
  return known.get(mapping)
}
