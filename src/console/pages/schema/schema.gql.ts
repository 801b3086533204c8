// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type { SchemaType } from "../../api/schema.gql.ts"

export type SourceSchemaData = {
  readonly sourceSchema: {
    readonly since: string
    readonly events: ReadonlyArray<{
      readonly name: string
      readonly lastSeenAt: string | null
      readonly allowed: number
      readonly blocked: number
    }>
    readonly identify: ReadonlyArray<{
      readonly name: string
      readonly lastSeenAt: string | null
      readonly allowed: number
      readonly blocked: number
    }>
    readonly group: ReadonlyArray<{
      readonly name: string
      readonly lastSeenAt: string | null
      readonly allowed: number
      readonly blocked: number
    }>
  }
}

export interface SourceSchemaVariables {
  readonly space: string
  readonly source: string
  readonly days: number
  readonly archived: boolean
}

export const sourceSchema: Operation<SourceSchemaData, SourceSchemaVariables> = {
  name: "SourceSchema",
  text: "query SourceSchema($space: ID!, $source: ID!, $days: Int!, $archived: Boolean!) { sourceSchema(spaceId: $space, sourceId: $source, days: $days) { since events(archived: $archived) { name lastSeenAt allowed blocked } identify: traits(type: IDENTIFY) { name lastSeenAt allowed blocked } group: traits(type: GROUP) { name lastSeenAt allowed blocked } } }"
}

export type SchemaPropertiesData = {
  readonly sourceSchema: {
    readonly properties: ReadonlyArray<{
      readonly name: string
      readonly lastSeenAt: string | null
      readonly allowed: number
      readonly blocked: number
    }>
  }
}

export interface SchemaPropertiesVariables {
  readonly space: string
  readonly source: string
  readonly days: number
  readonly event: string
}

export const schemaProperties: Operation<SchemaPropertiesData, SchemaPropertiesVariables> = {
  name: "SchemaProperties",
  text: "query SchemaProperties($space: ID!, $source: ID!, $days: Int!, $event: String!) { sourceSchema(spaceId: $space, sourceId: $source, days: $days) { properties(event: $event) { name lastSeenAt allowed blocked } } }"
}

export type SchemaDownloadData = {
  readonly sourceSchema: { readonly export: { readonly fileName: string; readonly content: string } }
}

export interface SchemaDownloadVariables {
  readonly space: string
  readonly source: string
  readonly days: number
  readonly type: SchemaType
}

export const schemaDownload: Operation<SchemaDownloadData, SchemaDownloadVariables> = {
  name: "SchemaDownload",
  text: "query SchemaDownload($space: ID!, $source: ID!, $days: Int!, $type: SchemaType!) { sourceSchema(spaceId: $space, sourceId: $source, days: $days) { export(type: $type) { fileName content } } }"
}

export type AddSchemaEventData = { readonly addSchemaEvent: { readonly days: number } }

export interface AddSchemaEventVariables {
  readonly space: string
  readonly source: string
  readonly event: string
}

export const addSchemaEvent: Operation<AddSchemaEventData, AddSchemaEventVariables> = {
  name: "AddSchemaEvent",
  text: "mutation AddSchemaEvent($space: ID!, $source: ID!, $event: String!) { addSchemaEvent(spaceId: $space, sourceId: $source, event: $event) { days } }"
}

export type ArchiveSchemaEventData = { readonly changed: { readonly days: number } }

export interface ArchiveSchemaEventVariables {
  readonly space: string
  readonly source: string
  readonly event: string
}

export const archiveSchemaEvent: Operation<ArchiveSchemaEventData, ArchiveSchemaEventVariables> = {
  name: "ArchiveSchemaEvent",
  text: "mutation ArchiveSchemaEvent($space: ID!, $source: ID!, $event: String!) { changed: archiveSchemaEvent(spaceId: $space, sourceId: $source, event: $event) { days } }"
}

export type UnarchiveSchemaEventData = { readonly changed: { readonly days: number } }

export interface UnarchiveSchemaEventVariables {
  readonly space: string
  readonly source: string
  readonly event: string
}

export const unarchiveSchemaEvent: Operation<UnarchiveSchemaEventData, UnarchiveSchemaEventVariables> = {
  name: "UnarchiveSchemaEvent",
  text: "mutation UnarchiveSchemaEvent($space: ID!, $source: ID!, $event: String!) { changed: unarchiveSchemaEvent(spaceId: $space, sourceId: $source, event: $event) { days } }"
}

export type ClearSchemaHistoryData = { readonly clearSchemaHistory: { readonly days: number } }

export interface ClearSchemaHistoryVariables {
  readonly space: string
  readonly source: string
  readonly type: SchemaType
}

export const clearSchemaHistory: Operation<ClearSchemaHistoryData, ClearSchemaHistoryVariables> = {
  name: "ClearSchemaHistory",
  text: "mutation ClearSchemaHistory($space: ID!, $source: ID!, $type: SchemaType!) { clearSchemaHistory(spaceId: $space, sourceId: $source, type: $type) { days } }"
}

export type SourcesOfData = {
  readonly space: {
    readonly connections: ReadonlyArray<{
      readonly source: {
        readonly id: string
        readonly slug: string
        readonly name: string
        readonly kind: string
        readonly enabled: boolean
        readonly labels: ReadonlyArray<string>
      }
    }>
  } | null
}

export interface SourcesOfVariables {
  readonly space: string
}

export const sourcesOf: Operation<SourcesOfData, SourcesOfVariables> = {
  name: "SourcesOf",
  text: "query SourcesOf($space: ID!) { space(id: $space) { connections { source { id slug name kind enabled labels } } } }"
}

export type SourceHourData = {
  readonly sourceSeries: { readonly accepted: ReadonlyArray<number>; readonly discarded: ReadonlyArray<number> }
}

export interface SourceHourVariables {
  readonly space: string
  readonly source: string
}

export const sourceHour: Operation<SourceHourData, SourceHourVariables> = {
  name: "SourceHour",
  text: "query SourceHour($space: ID!, $source: ID!) { sourceSeries(spaceId: $space, sourceIds: [$source], minutes: 60) { accepted discarded } }"
}
