/**
 * Identity rules: one table that is the document. Changes are collected with undo and redo; the save bar says what changed and whom it
 * affects, and what the service refuses stands at its row before anything is saved.
 */
import { useQueryClient } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { History } from "lucide-react"
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react"
import { ApiError } from "../../api/client.ts"
import { refresh, useChange, useMay, useSession, useSpace } from "../../api/hooks.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { Page } from "../../parts/Page.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Table } from "../../parts/Table.tsx"
import { isTyping, useKeys } from "../../shell/keys.ts"
import { changed } from "../../url-state.ts"
import { moment } from "../../words.ts"
import { Changes } from "../what-if/Changes.tsx"
import { AddIdentifier } from "./AddIdentifier.tsx"
import { draftKey, type Drafts, edit, keep, onTopOf, recall, redo, undo } from "./drafts.ts"
import { RuleRow } from "./RuleRow.tsx"
import { type RulesDocument, saveRules, startWhatIf } from "./rules.gql.ts"
import { addRule, changeRule, changesBetween, limits, moveRule, type Rule } from "./rules-draft.ts"
import { SaveBar } from "./SaveBar.tsx"
import { SpaceSettings } from "./SpaceSettings.tsx"
import { TryEvent } from "./TryEvent.tsx"
import { useImpact } from "./use-impact.ts"

/** The draft of this space: as it was left, and on top of what others save. */
const useDrafts = (saved: RulesDocument) => {
  const { id: space } = useSpace()
  const key = draftKey(useSession().tokenId, space)
  const [drafts, setDrafts] = useState<Drafts>(() => recall(key, saved))
  if (drafts.base.version !== saved.version) setDrafts(onTopOf(drafts, saved))
  useEffect(() => keep(key, drafts), [key, drafts])
  return [drafts, setDrafts] as const
}

/** Ctrl Z, Ctrl Shift Z, Ctrl S and Alt with arrows; those with Ctrl are a field's own while it has focus. */
const useEditorKeys = (keys: {
  readonly undo: () => void
  readonly redo: () => void
  readonly save: () => void
  readonly move: (type: string | undefined, by: -1 | 1) => void
}) => {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (document.querySelector('[role="dialog"]') !== null) return
    const key = event.key.toLowerCase()
    if (event.altKey && (key === "arrowup" || key === "arrowdown")) {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-rule]") : null
      keys.move(row?.dataset["rule"], key === "arrowup" ? -1 : 1)
    } else if (!(event.metaKey || event.ctrlKey) || (isTyping(event.target) && key !== "s")) return
    else if (key === "z") (event.shiftKey ? keys.redo : keys.undo)()
    else if (key === "y") keys.redo()
    else if (key === "s") keys.save()
    else return
    event.preventDefault()
  })
  useEffect(() => {
    addEventListener("keydown", pressed)
    return () => removeEventListener("keydown", pressed)
  }, [])
}

/** Moving a row in the document takes the focus from its buttons; this gives it back. */
const useFocusKept = (of: unknown) => {
  const label = useRef<string | null>(null)
  useLayoutEffect(() => {
    if (label.current === null) return
    document.querySelector<HTMLElement>(`main [aria-label="${CSS.escape(label.current)}"]`)?.focus()
    label.current = null
  }, [of])
  return () => {
    label.current =
      document.activeElement?.closest("[data-rule]") == null ? null : document.activeElement.getAttribute("aria-label")
  }
}

const columns = [
  ["Priority", 108],
  ["Identifier", 166],
  ["Keep at most, per profile", 258],
  ["Never use these values"],
  ["In use", 62, "num"]
] as const

export const Editor = ({ saved }: { readonly saved: RulesDocument }) => {
  const { id: space, slug } = useSpace()
  const editable = useMay("admin")
  const client = useQueryClient()
  const navigate = useNavigate()
  const { edit: open } = useSearch({ from: "/app/s/$space/rules" })
  const [drafts, setDrafts] = useDrafts(saved)
  const [saving, setSaving] = useState(false)
  const [selected, setSelected] = useState(-1)
  const { base, now: draft, others } = drafts
  const changes = changesBetween(base, draft)
  const isChanged = changes.length > 0
  const { input, problems, outside, sentence, refused, accepted } = useImpact(draft, editable)
  const save = useChange(saveRules)
  const start = useChange(startWhatIf)
  const touched = new Set(changes.map(({ collection, type }) => `${collection}:${type}`))
  const keepFocus = useFocusKept(draft)

  const set = (next: RulesDocument) => setDrafts((old) => edit(old, next))
  const openIn = (place: string | undefined) =>
    void navigate({ to: ".", search: (old) => changed(old, { edit: place }), replace: true })
  const move = (rule: Rule, by: -1 | 1) => {
    keepFocus()
    set(moveRule(draft, rule, by))
    if (draft.identifiers[selected] === rule) setSelected(Math.max(0, selected + by))
  }
  useEditorKeys({
    undo: () => setDrafts(undo),
    redo: () => setDrafts(redo),
    save: () => {
      if (isChanged && !refused && editable) setSaving(true)
    },
    move: (type, by) => {
      const rule =
        type === undefined ? draft.identifiers[selected] : draft.identifiers.find((each) => each.type === type)
      if (rule !== undefined && editable) move(rule, by)
    }
  })
  const toggle = (row: number) => {
    const rule = draft.identifiers[row]
    if (rule !== undefined) openIn(open === rule.type ? undefined : rule.type)
  }
  useRowKeys(draft.identifiers.length, toggle, { at: selected, move: setSelected })
  const limitBy = (by: -1 | 1) => {
    const rule = draft.identifiers[selected]
    if (rule === undefined || !editable || !rule.enabled) return
    const limit = Math.min(limits.max, Math.max(limits.min, rule.limit + by))
    if (limit !== rule.limit) set(changeRule(draft, rule, { limit }))
  }
  useKeys({ "+": () => limitBy(1), "-": () => limitBy(-1), b: () => toggle(selected) })

  const problemsAt = (place: string) => problems.filter((problem) => problem.place === place)
  return (
    <Page
      title="Identity rules"
      sub={`v${saved.version}, saved ${moment(saved.savedAt)}. ${editable ? "New events only." : "Read-only: saving needs a token with the scope admin."}`}
      actions={
        <>
          <Link
            className="btn"
            to="/s/$space/rules/versions/$version"
            params={{ space: slug, version: String(saved.version) }}
          >
            <History size={14} aria-hidden="true" />
            Versions
          </Link>
          {editable ? (
            <AddIdentifier known={draft.identifiers} onAdd={(type) => set(addRule(draft, type, "USERS"))} />
          ) : undefined}
        </>
      }
    >
      {others === undefined ? undefined : (
        <div className="note" role="status">
          <span className="grow">
            v{others.version} was saved meanwhile: <Changes changes={others.changes} />. Your change is on top of it.
          </span>
          <Link
            className="acc"
            to="/s/$space/rules/versions/$version"
            params={{ space: slug, version: String(others.version) }}
          >
            Review v{others.version}
          </Link>
        </div>
      )}
      <div className="rgrid">
        <section className="card" aria-label="Identity rules">
          <div className="scroll" tabIndex={0}>
            <Table className="rules" columns={columns}>
              {draft.identifiers.map((rule, i) => {
                const key = `${rule.collection}:${rule.type}`
                return (
                  <RuleRow
                    key={key}
                    rule={rule}
                    touched={touched.has(key)}
                    selected={i === selected}
                    editable={editable}
                    open={editable && open === rule.type}
                    outside={outside.get(key) ?? 0}
                    problems={problemsAt(key)}
                    onChange={(change) => set(changeRule(draft, rule, change))}
                    onMove={(by) => move(rule, by)}
                    onOpen={(wanted) => openIn(wanted ? rule.type : undefined)}
                  />
                )
              })}
            </Table>
          </div>
        </section>
        <div className="col g12 rside">
          <TryEvent version={saved.version} rules={isChanged ? accepted : undefined} />
          <SpaceSettings
            rules={draft}
            editable={editable}
            open={editable && open === "space"}
            problems={problemsAt("space")}
            onChange={set}
            onOpen={(wanted) => openIn(wanted ? "space" : undefined)}
          />
        </div>
      </div>
      {isChanged || drafts.future.length > 0 ? (
        <SaveBar
          changes={changes}
          sentence={isChanged ? sentence : "Nothing is changed."}
          refused={refused || !isChanged}
          next={saved.version + 1}
          undo={drafts.past.length > 0 ? () => setDrafts(undo) : undefined}
          redo={drafts.future.length > 0 ? () => setDrafts(redo) : undefined}
          trying={start.isPending}
          error={start.error}
          onDiscard={() => set(base)}
          onTry={() =>
            start.mutate(
              { space, rules: input },
              {
                onSuccess: ({ startWhatIf: { id } }) =>
                  void navigate({ to: "/s/$space/what-if/$id", params: { space: slug, id } })
              }
            )
          }
          onSave={() => setSaving(true)}
        />
      ) : undefined}
      <Confirm
        open={saving}
        title={`Save as v${saved.version + 1}?`}
        verb="Save"
        keep="Go on editing"
        reasonHint="One e-mail address per person"
        error={save.error}
        busy={save.isPending}
        onClose={() => {
          save.reset()
          setSaving(false)
        }}
        onConfirm={(reason) =>
          save.mutate(
            { space, rules: input, version: saved.version, reason },
            {
              onSuccess: () => setSaving(false),
              onError: (error) => {
                // Somebody was faster: the page shows what, with this change on top.
                if (!(error instanceof ApiError) || error.code !== "CONFLICT") return
                setSaving(false)
                save.reset()
                void refresh(client, space)
              }
            }
          )
        }
      >
        <p>
          <Changes changes={changes} most={8} />
        </p>
        <p className="q2">{sentence} The rules apply to events from here on; profiles stay as they are.</p>
      </Confirm>
    </Page>
  )
}
