/** What a change of the space is for one profile (PRO-66). A profile that was merged away goes on as its survivor. Pure. */
import { listedName } from "../event/message.ts"
import { identifierOf } from "../identity/journal.ts"
import type { Identifier, ProfileNo, Seq } from "../identity/model.ts"
import { isOperation } from "../identity/operations/operation-entry.ts"
import type { Collection } from "../workspace/rules.ts"
import type { Change } from "./space-changes.ts"

export type ChangeKind = "CREATED" | "TRAITS" | "IDENTIFIERS" | "MERGED" | "SPLIT" | "LINKS" | "EVENT" | "ERASED"

export interface ProfileChange {
  readonly seq: Seq
  /** Number within `seq`. */
  readonly n: number
  readonly kind: ChangeKind
  /** ms */
  readonly at: number
  readonly no: ProfileNo
  readonly previousId: string | null
  readonly keys: ReadonlyArray<string> | null
  readonly identifiers: ReadonlyArray<Identifier> | null
  readonly messageId: string | null
}

type Part = Pick<ProfileChange, "kind"> & Partial<ProfileChange>

const operationKinds: Readonly<Record<string, ChangeKind>> = {
  delete_identifier: "IDENTIFIERS",
  undo_merge: "SPLIT",
  split: "SPLIT",
  revert_split: "MERGED",
  erase_user: "ERASED"
}

/** `nos`: of the profile and all that it was; a survivor is added to it. */
export const changesOf = (
  change: Change,
  collection: Collection,
  nos: Set<ProfileNo>
): ReadonlyArray<ProfileChange> => {
  const { entry, message, seq } = change
  const complete = (no: ProfileNo, at: number, parts: ReadonlyArray<Part>): ReadonlyArray<ProfileChange> =>
    parts.map((part, n) => ({
      seq,
      n,
      at,
      no,
      previousId: null,
      keys: null,
      identifiers: null,
      messageId: message?.messageId ?? null,
      ...part
    }))
  if (entry !== null && isOperation(entry)) {
    const kind = operationKinds[entry.operation]
    const no = change.about.find((each) => nos.has(each))
    return kind === undefined || no === undefined ? [] : complete(no, entry.at, [{ kind }])
  }
  const side = collection === "users" ? entry?.users : entry?.accounts
  const target = collection === "users" ? change.user : change.account
  const gone = (side?.merged ?? []).filter(({ from }) => nos.has(from))
  if (target === null || message === null || (!nos.has(target) && gone.length === 0)) return []
  nos.add(target)
  const parts: Array<Part> = []
  if (side?.action === "create") parts.push({ kind: "CREATED" })
  for (const { segmentId } of side?.merged ?? []) parts.push({ kind: "MERGED", previousId: segmentId })
  if (entry !== null && (side?.mapped ?? []).length > 0)
    parts.push({ kind: "IDENTIFIERS", identifiers: side!.mapped!.map((no) => identifierOf(entry, no)) })
  if (entry !== null && !isOperation(entry) && entry.linked === true) parts.push({ kind: "LINKS" })
  const writes = message.type === (collection === "users" ? "identify" : "group")
  const keys = writes ? Object.keys(message.traits ?? {}) : []
  if (keys.length > 0) parts.push({ kind: "TRAITS", keys })
  if (listedName(message) !== null) parts.push({ kind: "EVENT" })
  return complete(target, Date.parse(message.receivedAt), parts)
}
