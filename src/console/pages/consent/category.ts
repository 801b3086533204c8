/** A category of consent as a form (PRV-60). Pure. */
import type { ConsentCategory } from "../../api/public-types.ts"

export const longestName = 20

/** The id that a name suggests: what a consent banner would call it. */
export const idOf = (name: string): string =>
  name
    .normalize("NFKD")
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .replaceAll(/^[_\d]+|_+$/g, "")
    .slice(0, 34)

export const idProblem = (id: string, taken: ReadonlyArray<string>): string | undefined => {
  if (taken.includes(id)) return `There is a category ${id} already.`
  return /^[^\d\s]\S{0,33}$/u.test(id) ? undefined : "1 to 34 characters without blanks, the first of them no digit."
}

export interface NamedEntry {
  readonly id: string
  readonly name: string
}

/** What to tick: entries that are in use, and those that are mapped already; by name. */
export const offered = (
  destinations: ReadonlyArray<{ readonly metadata: NamedEntry }>,
  mapped: ReadonlyArray<string>,
  catalog: ReadonlyArray<NamedEntry>
): ReadonlyArray<NamedEntry> => {
  const names = new Map(catalog.map(({ id, name }) => [id, name]))
  for (const { metadata } of destinations) names.set(metadata.id, metadata.name)
  const ids = new Set([...destinations.map(({ metadata }) => metadata.id), ...mapped])
  return [...ids]
    .map((id) => ({ id, name: names.get(id) ?? id }))
    .toSorted((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1))
}

/** Names of the categories that all instances of an entry need; those that are switched off ask for nothing. */
export const neededFor = (entry: string, categories: ReadonlyArray<ConsentCategory>): ReadonlyArray<string> =>
  categories.filter(({ enabled, metadataIds }) => enabled && metadataIds.includes(entry)).map(({ name }) => name)
