/**
 * Answers as text. Metadata of the catalog is megabytes that never change: objects that are marked here are turned into text
 * once and their text is used again, wherever they are in an answer.
 */
import { Effect } from "effect"
import { randomBytes } from "node:crypto"

const texts = new WeakMap<object, string | undefined>()

/** From now on the object must not change. */
export const keepText = <A extends object>(value: A): A => {
  if (!texts.has(value)) texts.set(value, undefined)
  return value
}

/** Nobody who sends us a string knows it. */
const mark = `#${randomBytes(16).toString("hex")}:`
const marked = new RegExp(`"${mark}(\\d+)"`, "g")

const textOf = (value: object): string => {
  const text = texts.get(value) ?? JSON.stringify(value)
  texts.set(value, text)
  return text
}

export const jsonText = (value: unknown): string => {
  const kept: Array<string> = []
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== "object" || member === null || !texts.has(member)) return member
    kept.push(textOf(member))
    return `${mark}${kept.length - 1}`
  })
  return kept.length === 0 ? text : text.replace(marked, (_, at) => kept[Number(at)]!)
}

/** Makes the texts of marked objects one by one, so that others have their turn between them. */
export const warmText = (values: ReadonlyArray<object>): Effect.Effect<void> =>
  Effect.forEach(
    values.filter((value) => texts.get(value) === undefined),
    (value) =>
      Effect.andThen(
        Effect.sync(() => textOf(value)),
        Effect.yieldNow
      ),
    { discard: true }
  )
