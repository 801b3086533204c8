/** A GraphQL document with the types of its answer and variables; `*.gql.ts` are made of these. */
export interface Operation<Data, Variables> {
  readonly name: string
  readonly text: string
  /** Never set: carries the types. */
  readonly types?: (variables: Variables) => Data
}
