/**
 * A lock file that names the process which holds it. Survives `kill -9`: a file whose process is gone, or whose
 * process number now belongs to another program, counts as free.
 */
import { execFileSync } from "node:child_process"
import { readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs"

/** What tells two processes with the same number apart: boot id and start time. Undefined when there is no such process. */
const processStamp = (pid: number): string | undefined => {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
      // The command name may hold blanks and parentheses: count fields after the last one.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      if (fields[0] === "Z" || fields[0] === "X") return undefined
      return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`
    } catch {
      return undefined
    }
  }
  try {
    const started = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim()
    return started === "" ? undefined : started
  } catch {
    return undefined
  }
}

export const isAlive = (pid: number): boolean => processStamp(pid) !== undefined

/** Number of the living process that holds the lock; undefined when it is free. */
export const lockHolder = (file: string): number | undefined => {
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch {
    return undefined
  }
  const [pid = "", stamp = ""] = text.trim().split("\n")
  return processStamp(Number(pid)) === stamp ? Number(pid) : undefined
}

/** Takes the lock for this process, or returns the number of the process that holds it. */
export const takeLock = (file: string): { readonly release: () => void } | { readonly heldBy: number } => {
  const mine = `${process.pid}\n${processStamp(process.pid) ?? ""}\n`
  // A stale file is moved away first: of two processes that find it, only one succeeds in creating the new one.
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      writeFileSync(file, mine, { flag: "wx", mode: 0o644 })
      return {
        release: () => {
          try {
            if (readFileSync(file, "utf8") === mine) unlinkSync(file)
          } catch {
            // Already gone, with its folder perhaps.
          }
        }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
      const holder = lockHolder(file)
      if (holder !== undefined) return { heldBy: holder }
      try {
        const aside = `${file}.${process.pid}`
        renameSync(file, aside)
        unlinkSync(aside)
      } catch {
        // Another process was faster.
      }
    }
  }
  return { heldBy: lockHolder(file) ?? 0 }
}
