/** JSON as text with its kinds coloured and given values marked; every piece is a text node, whatever it contains. */
import { Fragment, type ReactNode } from "react"
import { family } from "../words.ts"
import type { Mark } from "./json-marks.ts"

interface JsonProps {
  readonly value: unknown
  readonly marks?: ReadonlyArray<Mark>
  /** Values can be picked with the pointer; the search field does the same for keys. */
  readonly onValue?: (value: string) => void
}

const maxDepth = 64

export const Json = ({ value, marks = [], onValue }: JsonProps) => {
  const byPath = new Map(marks.map((mark) => [mark.path, mark]))
  const leaf = (text: string, kind: string, path: string): ReactNode => {
    const mark = byPath.get(path)
    const shown = (
      <span className={kind} data-value="">
        {text}
      </span>
    )
    return mark === undefined ? (
      shown
    ) : (
      <mark className={`f-${family(mark.type, mark.collection)} ${mark.out === true ? "out" : ""}`}>{shown}</mark>
    )
  }
  const draw = (node: unknown, path: string, indent: string, depth: number): ReactNode => {
    if (typeof node === "string") return leaf(JSON.stringify(node), "s", path)
    if (typeof node !== "object" || node === null || depth > maxDepth)
      return leaf(JSON.stringify(node) ?? "null", "n", path)
    const list = Array.isArray(node)
    const entries = Object.entries(node)
    if (entries.length === 0) return list ? "[]" : "{}"
    const inner = `${indent}  `
    return (
      <>
        {list ? "[\n" : "{\n"}
        {entries.map(([key, child], i) => (
          <Fragment key={key}>
            {inner}
            {list ? undefined : (
              <>
                <span className="k">{JSON.stringify(key)}</span>
                {": "}
              </>
            )}
            {draw(child, list ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`, inner, depth + 1)}
            {i < entries.length - 1 ? ",\n" : "\n"}
          </Fragment>
        ))}
        {indent}
        {list ? "]" : "}"}
      </>
    )
  }
  const drawn = draw(value, "", "", 0)
  if (onValue === undefined) return <pre className="json">{drawn}</pre>
  return (
    <pre
      className="json picks"
      onClick={({ target }) => {
        if (!(target instanceof HTMLElement) || target.dataset["value"] === undefined) return
        const picked: unknown = JSON.parse(target.textContent)
        if (picked !== null && getSelection()?.isCollapsed !== false) onValue(String(picked))
      }}
    >
      {drawn}
    </pre>
  )
}
