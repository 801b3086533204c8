/**
 * Filters of a destination as rules for browsers (DST-22, DST-23): one rule each, in an order that gives what filters give here.
 *
 * Here every condition is asked of the event as it came in (DST-54); there each is asked of what the rules before it have left. What filters
 * do can be done in any order, so a rule that reads what another removes stands before it. Two that read what the other removes cannot
 * both be said; neither can what the engine has no words for (`fql/device.ts`).
 */
import { deviceStatement, type DeviceStatement } from "../../fql/device.ts"
import type { FilterStep } from "../destination.ts"
import { alwaysKept } from "../pipeline/properties.ts"

interface Transformer {
  readonly type: "drop" | "sample_event" | "drop_properties" | "allow_properties"
  readonly config?: object
}

export interface RoutingRule {
  readonly destinationName: string
  readonly scope: "destinations"
  readonly target_type: "workspace::project::destination::config"
  readonly matchers: ReadonlyArray<{ readonly type: "all" | "fql"; readonly ir: string }>
  readonly transformers: ReadonlyArray<ReadonlyArray<Transformer>>
}

type Fields = NonNullable<FilterStep["fields"]>

/** Here a path never enters a list, there `0` does. */
const entersLists = (fields: Fields): boolean => Object.keys(fields).some((path) => /(?:^|\.)[0-9]+(?:\.|$)/.test(path))

/** An allow-list of the top level keeps here what makes a message. */
const withKept = (fields: Fields): Fields =>
  Object.hasOwn(fields, "") ? { ...fields, "": [...new Set([...fields[""]!, ...alwaysKept])] } : fields

/** Undefined when it cannot be said there. */
const transformerOf = ({ fields = {}, percent, type }: FilterStep): Transformer | undefined => {
  switch (type) {
    case "DROP":
      return { type: "drop" }
    case "SAMPLE":
      // Without a path: with one the engine lets every event through (DST-59).
      return { type: "sample_event", config: { sample: { percent: percent ?? 1 } } }
    case "DROP_PROPERTIES":
      return entersLists(fields) ? undefined : { type: "drop_properties", config: { drop: fields } }
    case "ALLOW_PROPERTIES":
      return entersLists(fields) ? undefined : { type: "allow_properties", config: { allow: withKept(fields) } }
  }
}

/** Whether the step removes what this path of another condition leads to. */
const removes = ({ fields = {}, type }: FilterStep, read: ReadonlyArray<string>): boolean => {
  if (type === "DROP" || type === "SAMPLE") return false
  return Object.entries(fields).some(([path, keys]) => {
    const way = path === "" ? [] : path.split(".")
    if (way.length >= read.length || way.some((segment, i) => segment !== read[i])) return false
    return keys.includes(read[way.length]!) === (type === "DROP_PROPERTIES")
  })
}

interface Said {
  readonly steps: ReadonlyArray<FilterStep>
  readonly statement: DeviceStatement
  readonly transformers: ReadonlyArray<Transformer>
}

const readsWhatGoes = (later: Said, earlier: Said): boolean =>
  later.statement.paths.some((path) => earlier.steps.some((step) => removes(step, path)))

/** Each rule before those that remove what it reads; without those that would have to stand before each other. */
const inOrder = (rules: ReadonlyArray<Said>): ReadonlyArray<Said> => {
  const ordered: Array<Said> = []
  let rest = rules
  for (;;) {
    const next = rest.find((rule) => rest.every((other) => other === rule || !readsWhatGoes(other, rule)))
    if (next === undefined) return ordered
    ordered.push(next)
    rest = rest.filter((each) => each !== next)
  }
}

const said = (steps: ReadonlyArray<FilterStep>): ReadonlyArray<Said> => {
  const statement = deviceStatement(steps[0]!.statement)
  const transformers = steps.map(transformerOf).filter((transformer) => transformer !== undefined)
  return statement === undefined || transformers.length === 0 ? [] : [{ steps, statement, transformers }]
}

/** `steps`: of all enabled filters, in the order of execution. */
export const routingRules = (destinationName: string, steps: ReadonlyArray<FilterStep>): ReadonlyArray<RoutingRule> => {
  const filters = [...Map.groupBy(steps, ({ filterId }) => filterId).values()]
  return inOrder(filters.flatMap(said)).map(({ statement: { ir }, transformers }) => ({
    destinationName,
    scope: "destinations",
    target_type: "workspace::project::destination::config",
    matchers: [ir === undefined ? { type: "all", ir: "" } : { type: "fql", ir: JSON.stringify(ir) }],
    transformers: [transformers]
  }))
}
