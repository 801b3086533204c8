/** Tables of the profile API that all spaces share. Ids 500 to 599 belong to profiles. */
export const profileMigrations = [
  {
    id: 500,
    name: "search words",
    statements: [
      // Names and e-mail addresses by which a profile was ever known (search-index.ts), and how far the log was read for them.
      `create table profile_words (space text not null, word text collate "C" not null, profile bigint not null, primary key (space, word, profile))`,
      `create index profile_words_profile on profile_words (profile, space)`,
      `create table search_positions (space text primary key, pos bigint not null)`
    ]
  }
] as const
