/**
 * Labels (IDR-10): `key:value` on sources, and as the connection policy of a space (IDR-9). A label exists because it is
 * built in, because a person made it, or because something carries it.
 */
export const builtInLabels: ReadonlyArray<string> = ["environment:dev", "environment:prod"]

export const labelPattern = /^[A-Za-z][A-Za-z0-9_-]{0,63}:[A-Za-z][A-Za-z0-9_-]{0,63}$/
export const labelForm =
  "a label `key:value`, both of 1 to 64 letters, digits, - or _ that start with a letter, e.g. environment:dev"

export const keyOfLabel = (label: string): string => label.slice(0, label.indexOf(":"))

/** Whether a source with these labels may be connected: all of the policy's, and any source when it has none. */
export const complies = (policy: ReadonlyArray<string>, labels: ReadonlyArray<string> | undefined): boolean =>
  policy.every((label) => labels?.includes(label) === true)
