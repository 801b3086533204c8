/** Where GraphQL is asked, and about which space. */

export const graphqlPath = "/graphql"

/** For pages of the console: with its session instead of a token. */
export const consolePath = "/console/graphql"

/** Id or slug of the space that a token of the whole workspace asks about: a header, or a member of `connection_init`. */
export const spaceHeader = "braid-space"
