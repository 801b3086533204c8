/** Generations of a space's tables and graph: the one that a rebuild fills, and the one before the last switch (IDR-194). */
export const generationMigrations = [
  {
    id: 230,
    name: "generations",
    statements: [
      // `role`: `next` is being filled by `operation` (a row of space_operations); `previous` can be gone back to until `kept_until`;
      // of `dropped` only the graph may be left. `generation`: the number in its GraphId. `seq`: how far `previous` has resolved.
      `create table space_generations (
         space text not null, generation int not null, role text not null check (role in ('next', 'previous', 'dropped')), operation bigint not null,
         seq bigint not null default 0, replaced_at timestamptz, kept_until timestamptz, primary key (space, generation))`,
      `create unique index space_generations_role on space_generations (space, role) where role <> 'dropped'`
    ]
  },
  {
    id: 231,
    name: "cancelled rebuilds",
    statements: [
      // Who wants it to end and why, as JSON (cancel.ts).
      `alter table space_operations add column cancel text`
    ]
  }
] as const
