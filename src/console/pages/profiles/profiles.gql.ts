// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type { Collection, ProfileFilter } from "../../api/schema.gql.ts"
import type { ProfileName } from "../../api/fragments.gql.ts"

export type ListedProfile = ProfileName & {
  readonly externalIds: {
    readonly totalCount: number
    readonly edges: ReadonlyArray<{ readonly node: { readonly type: string; readonly id: string } }>
  }
  readonly metadata: { readonly updatedAt: string; readonly mergeCount: number }
}

export type ProfileListData = {
  readonly searchProfiles: {
    readonly edges: ReadonlyArray<{ readonly node: ListedProfile }>
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  }
  readonly space: { readonly users: number; readonly accounts: number } | null
}

export interface ProfileListVariables {
  readonly space: string
  readonly collection: Collection
  readonly filter?: ProfileFilter | null | undefined
  readonly after?: string | null | undefined
}

export const profileList: Operation<ProfileListData, ProfileListVariables> = {
  name: "ProfileList",
  text: 'query ProfileList($space: ID!, $collection: Collection!, $filter: ProfileFilter, $after: String) { searchProfiles( spaceId: $space collection: $collection filter: $filter first: 50 after: $after ) { edges { node { ...ListedProfile } } pageInfo { hasNextPage endCursor } } space(id: $space) { users: profileCount(collection: USERS) accounts: profileCount(collection: ACCOUNTS) } } fragment ListedProfile on Profile { ...ProfileName externalIds(first: 8) { totalCount edges { node { type id } } } metadata { updatedAt mergeCount } } fragment ProfileName on Profile { segmentId collection traits( keys: ["name", "first_name", "last_name", "firstName", "lastName", "email"] first: 6 ) { edges { node { key value } } } }'
}
