/**
 * A name as a person gives it, without blanks around it; undefined: it has none or too many characters, or some that no page shows and no
 * database keeps (control characters, halves of pairs).
 */
export const givenName = (text: string, longest: number): string | undefined => {
  const trimmed = text.trim()
  const length = [...trimmed].length
  return length > 0 && length <= longest && trimmed.isWellFormed() && !/\p{Cc}/u.test(trimmed) ? trimmed : undefined
}
