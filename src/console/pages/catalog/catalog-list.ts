/** The catalog as it is looked through (DST-16): by category, by text over name, former names and slug, or plain. Pure. */
import type { EntrySummary } from "../../api/public-types.ts"

const other = "Other"
const categoriesOf = ({ categories }: EntrySummary) => (categories.length === 0 ? [other] : categories)

/** What the address says; `all` is the plain list. */
interface Wanted {
  readonly text: string
  readonly category: string | undefined
}

export const sorted = (entries: ReadonlyArray<EntrySummary>): ReadonlyArray<EntrySummary> =>
  entries.toSorted((a, b) => a.name.localeCompare(b.name))

export const shownEntries = (
  entries: ReadonlyArray<EntrySummary>,
  { text, category }: Wanted
): ReadonlyArray<EntrySummary> => {
  const words = text.trim().toLowerCase()
  return entries.filter(
    (entry) =>
      [entry.name, entry.slug, ...(entry.previousNames ?? [])].some((name) => name.toLowerCase().includes(words)) &&
      (category === undefined || category === "all" || categoriesOf(entry).includes(category))
  )
}

/** Alphabetically, what has none at the end. */
export const byCategory = (
  entries: ReadonlyArray<EntrySummary>
): ReadonlyArray<readonly [category: string, entries: ReadonlyArray<EntrySummary>]> => {
  const groups = new Map<string, Array<EntrySummary>>()
  for (const entry of entries)
    for (const category of categoriesOf(entry)) groups.set(category, [...(groups.get(category) ?? []), entry])
  return [...groups].toSorted(([a], [b]) => (a === other ? 1 : b === other ? -1 : a.localeCompare(b)))
}
