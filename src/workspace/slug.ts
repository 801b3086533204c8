/** Slugs of spaces (IDR-3): made of the first name, never changed. */
const maxLength = 63

/** `My Shop!` -> `my-shop`; `space` when nothing of the name can stand in a slug. */
const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, maxLength)
    .replace(/-$/, "") || "space"

/** The slug of the name, with `-2`, `-3` ... when it is taken. */
export const freeSlug = (name: string, taken: ReadonlySet<string>): string => {
  const base = slugOf(name)
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? "" : `-${n}`
    const slug = `${base.slice(0, maxLength - suffix.length).replace(/-$/, "")}${suffix}`
    if (!taken.has(slug)) return slug
  }
}
