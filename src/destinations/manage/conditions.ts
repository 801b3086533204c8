/**
 * What the forms build: one flat group of conditions, ALL or ANY, and the statements that they save - FQL of a filter (DST-62),
 * a trigger of a mapping (DST-86) - and back. What no form can show is undefined: it is edited as text.
 */
export type Operator =
  | "is"
  | "is_not"
  | "less"
  | "less_or_equal"
  | "greater"
  | "greater_or_equal"
  | "contains"
  | "not_contains"
  | "starts_with"
  | "not_starts_with"
  | "ends_with"
  | "not_ends_with"
  | "glob"
  | "exists"
  | "not_exists"

export interface Condition {
  /** `type`, `event`, `properties.plan.name` */
  readonly path: string
  readonly operator: Operator
  readonly value?: string | number | boolean
}

export interface ConditionGroup {
  readonly match: "all" | "any"
  /** The statement is `!( … )`: "only send" (DST-55). */
  readonly negated: boolean
  /** Empty: every event (`all`). */
  readonly conditions: ReadonlyArray<Condition>
}
