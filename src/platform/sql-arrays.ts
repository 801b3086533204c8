/**
 * Array parameters for `unnest`: one binary parameter each, with the element type said instead of inferred
 * (inference fails on empty, all-null and mixed-size arrays). Positions and profile numbers travel as
 * float8, exact below 2^53, and are cast in SQL: int8 would need BigInts and double the cost.
 */
import { PgTypes } from "@effect/sql-pg"

const array = (oid: number) => {
  return (value: ReadonlyArray<unknown>): PgTypes.Parameter => ({
    [PgTypes.ParameterTypeId]: PgTypes.ParameterTypeId,
    oid,
    value
  })
}

export const float8s = array(PgTypes.OID.float8Array)
export const int4s = array(PgTypes.OID.int4Array)
export const int2s = array(PgTypes.OID.int2Array)
export const texts = array(PgTypes.OID.textArray)
export const uuids = array(PgTypes.OID.uuidArray)
/** Elements: `Date` or epoch milliseconds. */
export const timestamptzs = array(PgTypes.OID.timestamptzArray)
export const byteas = array(PgTypes.OID.byteaArray)
