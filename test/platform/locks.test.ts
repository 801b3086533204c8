/** Advisory locks are numbers without an owner: two kinds of work with one number would stop each other in silence. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")

it("every kind of work has a lock of its own", () => {
  const owners = new Map<string, Array<string>>()
  for (const file of globSync("src/**/*.ts", { cwd: root })) {
    // Two numbers each: another space of locks.
    if (file.endsWith("space-owners.ts")) continue
    for (const [, name, number] of readFileSync(join(root, file), "utf8").matchAll(/const (\w+) = (0x62_72_61_\w\w)/g))
      owners.set(number!, [...(owners.get(number!) ?? []), `${file} ${name!}`])
  }
  expect(owners.size).toBeGreaterThan(8)
  expect([...owners.values()].filter((names) => names.length > 1)).toEqual([])
})
