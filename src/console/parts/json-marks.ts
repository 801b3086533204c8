/** A value of a document that is marked where JSON is shown. */
export interface Mark {
  /** As the value stands in the document. */
  readonly path: string
  readonly type: string
  readonly collection?: string | undefined
  /** Did not count. */
  readonly out?: boolean
}
