// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../api/operation.ts"

export type SourceNamesData = {
  readonly space: {
    readonly connections: ReadonlyArray<{
      readonly source: { readonly id: string; readonly slug: string; readonly name: string }
    }>
  } | null
}

export interface SourceNamesVariables {
  readonly space: string
}

export const sourceNames: Operation<SourceNamesData, SourceNamesVariables> = {
  name: "SourceNames",
  text: "query SourceNames($space: ID!) { space(id: $space) { connections { source { id slug name } } } }"
}
