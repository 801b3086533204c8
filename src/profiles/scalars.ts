/** Scalars of `graphql/base.graphql`. Inside, a DateTime is epoch milliseconds, or a stored time that stays as it is. */
import { GraphQLScalarType, valueFromASTUntyped } from "graphql"
import { graphqlError } from "./graphql-errors.ts"
import { isoTime, parseTime } from "./order.ts"

const dateTime = new GraphQLScalarType<number, string>({
  name: "DateTime",
  serialize: (value) => (typeof value === "number" ? isoTime(value) : String(value)),
  parseValue: (value) => {
    const ms = typeof value === "string" ? parseTime(value) : undefined
    if (ms === undefined) throw graphqlError("VALIDATION_FAILED", "A DateTime is an ISO 8601 date or date-time.")
    return ms
  }
})

const json = new GraphQLScalarType({
  name: "JSON",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: valueFromASTUntyped
})

export const scalars = { DateTime: dateTime, JSON: json }
