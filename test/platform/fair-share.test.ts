import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Cast, type ProcessNo, shareOf, type ItemNo } from "../../src/platform/fair-share.ts"

/** `1:ab 2:c` = process 1 runs spaces a and b, process 2 runs c; `-` before what a process that does not share holds. */
const castOf = (text: string, spaces: string): Cast => {
  const processes: Array<ProcessNo> = []
  const ownerOf = new Map<ItemNo, ProcessNo>()
  for (const part of text.split(" ")) {
    const [process = "", held = ""] = part.replace("-", "").split(":")
    if (!part.startsWith("-")) processes.push(Number(process))
    for (const space of held) ownerOf.set(space.charCodeAt(0), Number(process))
  }
  return { processes, items: Array.from(spaces, (space) => space.charCodeAt(0)), ownerOf }
}
const letters = (spaces: ReadonlyArray<ItemNo>) => String.fromCharCode(...spaces)

const rows: ReadonlyArray<{ what: string; cast: string; spaces: string; moves: string }> = [
  { what: "one process takes everything", cast: "1:", spaces: "abcd", moves: "1 takes abcd" },
  { what: "two that start together take halves", cast: "1: 2:", spaces: "abcd", moves: "1 takes ab, 2 takes cd" },
  { what: "a second one gets half", cast: "1:abcd 2:", spaces: "abcd", moves: "1 gives cd" },
  { what: "it takes what it was given", cast: "1:ab 2:", spaces: "abcd", moves: "2 takes cd" },
  { what: "a third one gets one of four, from one process", cast: "1:ab 2:cd 3:", spaces: "abcd", moves: "2 gives d" },
  { what: "an odd space moves nowhere", cast: "1:a 2:bc", spaces: "abc", moves: "" },
  { what: "a survivor takes over", cast: "2:cd", spaces: "abcd", moves: "2 takes ab" },
  { what: "survivors share what is left", cast: "2:cd 3:ef", spaces: "abcdef", moves: "2 takes a, 3 takes b" },
  { what: "one space stays where it is", cast: "1:a 2: 3:", spaces: "a", moves: "" },
  { what: "more processes than spaces", cast: "1:ab 2: 3:", spaces: "ab", moves: "1 gives b" },
  { what: "a command beside a service gives all", cast: "1: -9:ab", spaces: "ab", moves: "9 gives ab" },
  { what: "a space on its way out is not free", cast: "1: -9:a", spaces: "ab", moves: "1 takes b, 9 gives a" },
  { what: "a space that left the configuration does not count", cast: "1:az 2:", spaces: "ab", moves: "2 takes b" }
]

describe("the fair share", () => {
  it.each(rows)("$what", ({ cast: text, spaces, moves }) => {
    const cast = castOf(text, spaces)
    const everybody = [...cast.processes, ...cast.ownerOf.values()].filter((no, at, all) => all.indexOf(no) === at)
    const made = everybody.flatMap((process) => {
      const { take, give } = shareOf(process, cast)
      return [
        ...(take.length > 0 ? [`${process} takes ${letters(take)}`] : []),
        ...(give.length > 0 ? [`${process} gives ${letters(give)}`] : [])
      ]
    })
    expect(made.join(", ")).toBe(moves)
  })

  it("ends, from any start, with shares that differ by one at most, and never gives a space to two", () => {
    const start = fc.record({
      processes: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
      spaces: fc.nat(20).map((n) => Array.from({ length: n }, (_, i) => i + 1)),
      owners: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 20, maxLength: 20 })
    })
    fc.assert(
      fc.property(start, ({ processes, spaces, owners }) => {
        const ownerOf = new Map(
          spaces.flatMap((space, at): Array<[ItemNo, ProcessNo]> =>
            processes.includes(owners[at]!) ? [[space, owners[at]!]] : []
          )
        )
        let moves = 0
        for (let round = 0; round < 3; round++) {
          const shares = processes.map(
            (process) => [process, shareOf(process, { processes, items: spaces, ownerOf })] as const
          )
          const taken = shares.flatMap(([, { take }]) => take)
          expect(new Set(taken).size).toBe(taken.length)
          moves = shares.reduce((sum, [, { take, give }]) => sum + take.length + give.length, 0)
          for (const [, { give }] of shares) for (const space of give) ownerOf.delete(space)
          for (const [process, { take }] of shares) for (const space of take) ownerOf.set(space, process)
        }
        expect(moves).toBe(0)
        const counts = processes.map((process) => [...ownerOf.values()].filter((owner) => owner === process).length)
        expect(ownerOf.size).toBe(spaces.length)
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      })
    )
  })
})
