/** What a check of `braid doctor` found. */
type State = "ok" | "warn" | "fail" | "skip"

export interface Finding {
  readonly state: State
  /** What was looked at, one or two words. */
  readonly subject: string
  readonly text: string
  /** What to do; always there for `warn` and `fail`. */
  readonly advice?: string
}

export const ok = (subject: string, text: string): Finding => ({ state: "ok", subject, text })
export const skip = (subject: string, text: string): Finding => ({ state: "skip", subject, text })
export const warn = (subject: string, text: string, advice: string): Finding => ({
  state: "warn",
  subject,
  text,
  advice
})
export const fail = (subject: string, text: string, advice: string): Finding => ({
  state: "fail",
  subject,
  text,
  advice
})

const mark: Readonly<Record<State, string>> = { ok: "ok  ", warn: "warn", fail: "FAIL", skip: "-   " }

export const print = ({ advice, state, subject, text }: Finding): string => {
  const lines = [`${mark[state]}  ${subject.padEnd(15)} ${text}`]
  if (advice !== undefined) lines.push(`${" ".repeat(22)}-> ${advice}`)
  return lines.join("\n")
}
