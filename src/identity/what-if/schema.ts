/** Runs of what-if and what they found (IDR-190 to IDR-192). */
export const whatIfMigrations = [
  {
    id: 220,
    name: "what-if",
    statements: [
      // `state` in lower case as in IDR-192; `touched_at`: last sign of life of the process that runs it. Documents and summary are JSON.
      `create table what_if_runs (
         n bigint generated always as identity primary key, id text not null unique, space text not null, state text not null,
         rules text not null, base_version int not null, reapply boolean not null, actor text not null, created_at timestamptz not null,
         touched_at timestamptz, finished_at timestamptz, processed bigint not null default 0, total bigint, summary text, error text, applied_as text)`,
      `create index what_if_open on what_if_runs (n) where state in ('queued', 'running')`,
      `create table what_if_clusters (
         run bigint not null, n int not null, change text not null, collection text not null, before text not null, after text not null,
         identifiers int not null, sample text not null, divergence text, rec_before text, rec_after text, primary key (run, n))`,
      `create index what_if_clusters_size on what_if_clusters (run, identifiers desc, n)`
    ]
  },
  {
    id: 221,
    name: "what-if: scope and rebuild",
    statements: [
      // `scope`: JSON, null = everything that the space has resolved (scope.ts); `applied_version`: of the rules that it was applied as.
      `alter table what_if_runs add column scope text, add column applied_version int`
    ]
  },
  {
    id: 222,
    name: "what-if: strands",
    statements: [
      // What was a sample of identifiers says where each goes (strands.ts); of older runs that is not known.
      `alter table what_if_clusters rename column sample to strands`,
      `update what_if_clusters set strands = (
         select coalesce(json_agg(json_build_object('type', e ->> 'type', 'before', null, 'after', null, 'count', 1, 'ids', json_build_array(e ->> 'id'))), '[]')::text
         from json_array_elements(strands::json) e)`
    ]
  },
  {
    id: 228,
    name: "what-if: shadows",
    statements: [
      // Graphs of the run may be there: a deletion of people is not over while a run that has ended has some.
      `alter table what_if_runs add column shadow boolean not null default false`
    ]
  }
] as const
