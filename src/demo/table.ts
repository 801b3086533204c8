/** Small tables and bars for a terminal or a file: nothing but letters, so that both look the same. */

/** Columns as wide as their widest cell, a line under the heading. Cells may hold several lines. */
export const table = (heading: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const split = [heading, ...rows].map((row) => row.map((cell) => cell.split("\n")))
  const widths = heading.map((_, column) =>
    Math.max(...split.flatMap((row) => (row[column] ?? [""]).map((line) => [...line].length)))
  )
  const lines = split.map((row) => {
    const height = Math.max(...row.map((cell) => cell.length))
    return Array.from({ length: height }, (_, i) =>
      widths
        .map((width, column) => (row[column]?.[i] ?? "").padEnd(width))
        .join("   ")
        .trimEnd()
    ).map((line) => `  ${line}`)
  })
  const rule = `  ${widths.map((width) => "─".repeat(width)).join("───")}`
  return [...lines[0]!, rule, ...lines.slice(1).flat()].join("\n")
}

export const bar = (part: number, width = 24): string => {
  const full = Math.round(Math.min(1, Math.max(0, part)) * width)
  return `${"█".repeat(full)}${"░".repeat(width - full)}`
}

/** `4812` as `4,812`. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",")
