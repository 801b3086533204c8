/** CPU time and memory of a process and of the PostgreSQL below it, from /proc: steadier than the clock where others use the machine too. */
import { readdirSync, readFileSync } from "node:fs"

const ticksPerSecond = 100

interface Stat {
  readonly pid: number
  readonly name: string
  readonly parent: number
  readonly ticks: number
}

const statOf = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"))
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    return { pid, name, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    return undefined
  }
}

/** The process and everything below it. An embedded PostgreSQL is a child of who started it. */
const tree = (root: number): ReadonlyArray<Stat> => {
  const all = readdirSync("/proc").flatMap((name) => {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined
    return stat === undefined ? [] : [stat]
  })
  const below = (pid: number): ReadonlyArray<Stat> =>
    all.filter((stat) => stat.parent === pid).flatMap((stat) => [stat, ...below(stat.pid)])
  return [...all.filter((stat) => stat.pid === root), ...below(root)]
}

/** Milliseconds of CPU so far: the process alone, and the PostgreSQL processes below it. Linux only, else NaN. */
export const cpu = (root: number): { readonly node: number; readonly postgres: number } => {
  if (process.platform !== "linux") return { node: Number.NaN, postgres: Number.NaN }
  let node = 0
  let postgres = 0
  for (const { pid, name, ticks } of tree(root)) {
    const ms = (ticks * 1000) / ticksPerSecond
    if (pid === root) node += ms
    else if (name.startsWith("postgres")) postgres += ms
  }
  return { node, postgres }
}

/** In kB; 0 of a process that has just ended. */
const pssOf = (pid: number): number => {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** Proportional set size in MB (shared pages divided among their users), by name of the program. */
export const memory = (root: number): ReadonlyMap<string, number> => {
  const sizes = new Map<string, number>()
  for (const { pid, name } of tree(root)) {
    const kind = pid === root ? "node" : name.startsWith("postgres") ? "postgres" : name
    sizes.set(kind, (sizes.get(kind) ?? 0) + pssOf(pid) / 1024)
  }
  return sizes
}
