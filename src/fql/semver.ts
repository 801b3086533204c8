/** `semver( a, op, b )` (FQL-30): up to three numbers with dots between them; nothing of pre-releases. */

export interface Version {
  major: number
  minor: number
  patch: number
}

export const zero = (): Version => ({ major: 0, minor: 0, patch: 0 })

const maxLength = 47

/** Reads a version into `into`, so that nothing is allocated per event. False when it is none. */
export const readVersion = (text: string, into: Version): boolean => {
  // Three numbers of 15 digits: more could not be told apart.
  if (text.length === 0 || text.length > maxLength) return false
  into.minor = 0
  into.patch = 0
  let part = 0
  let number = 0
  let digits = 0
  for (let i = 0; i <= text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x30 && unit <= 0x39) {
      number = number * 10 + (unit - 0x30)
      digits++
      continue
    }
    if ((i < text.length && unit !== 0x2e) || digits === 0 || digits > 15 || part === 3) return false
    if (part === 0) into.major = number
    else if (part === 1) into.minor = number
    else into.patch = number
    part++
    number = 0
    digits = 0
  }
  return true
}

const sign = (a: Version, b: Version): number => a.major - b.major || a.minor - b.minor || a.patch - b.patch

/** False for an unknown operator. */
export const compareVersions = (a: Version, operator: unknown, b: Version): boolean => {
  const order = sign(a, b)
  switch (operator) {
    case "=":
      return order === 0
    case "!=":
      return order !== 0
    case ">":
      return order > 0
    case ">=":
      return order >= 0
    case "<":
      return order < 0
    case "<=":
      return order <= 0
    default:
      return false
  }
}
