/** J, K and arrows move in a list, Enter opens. The list keeps the selection itself, or here. */
import { useEffect, useRef, useState } from "react"
import { useKeys } from "../shell/keys.ts"

interface Selection {
  readonly at: number
  readonly move: (row: number) => void
}

export const useRowKeys = (rows: number, open: (row: number) => unknown, selection?: Selection) => {
  const [own, setOwn] = useState(-1)
  const at = selection === undefined ? own : selection.at
  const moved = useRef(false)
  // By keys only: a list that changes under the selection does not jump.
  useEffect(() => {
    if (moved.current) document.querySelector('main [aria-selected="true"]')?.scrollIntoView({ block: "nearest" })
    moved.current = false
  }, [at])
  const move = (by: number) => {
    moved.current = true
    const row = Math.max(0, Math.min(rows - 1, at + by))
    if (selection === undefined) setOwn(row)
    else selection.move(row)
  }
  useKeys(
    {
      j: () => move(1),
      k: () => move(-1),
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Enter: () => {
        if (at >= 0 && at < rows) open(at)
      }
    },
    rows > 0
  )
  return { selected: at }
}
