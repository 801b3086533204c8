/** One category of consent: its name, its id, and the entries of the catalog that need it. */
import { useState } from "react"
import { problemAt, useApi, useApiChange } from "../../api/public-api.ts"
import type { ConsentCategory } from "../../api/public-types.ts"
import { addConsentCategory, catalog, changeConsentCategory, destinations } from "../../api/requests.ts"
import { Check } from "../../parts/Check.tsx"
import { Choice } from "../../parts/Choice.tsx"
import { Confirm } from "../../parts/Dialog.tsx"
import { FormField } from "../../parts/FormField.tsx"
import { NameField } from "../../parts/NameField.tsx"
import { idOf, idProblem, longestName, offered } from "./category.ts"

interface CategoryEditorProps {
  /** Undefined: a new one. */
  readonly category: ConsentCategory | undefined
  readonly taken: ReadonlyArray<string>
  readonly onClose: () => void
}

export const CategoryEditor = ({ category, taken, onClose }: CategoryEditorProps) => {
  const entries = useApi(catalog, { forever: true }).data ?? []
  const used = useApi(destinations).data ?? []
  const save = useApiChange()
  const [name, setName] = useState(category?.name ?? "")
  const [ownId, setId] = useState<string | undefined>()
  const [mapped, setMapped] = useState<ReadonlyArray<string>>(category?.metadataIds ?? [])
  /** Ticked once: still offered when the tick is taken away. */
  const [seen, setSeen] = useState(mapped)
  const id = ownId ?? idOf(name)
  const wrongId = category === undefined ? idProblem(id, taken) : undefined
  const boxes = offered(used, seen, entries)
  const set = (entry: string, on: boolean) => {
    setMapped((old) => (on ? [...old, entry] : old.filter((each) => each !== entry)))
    setSeen((old) => (old.includes(entry) ? old : [...old, entry]))
  }
  const body = { name: name.trim(), metadataIds: mapped }
  return (
    <Confirm
      open
      title={category === undefined ? "Add a category of consent" : `Change ${category.name}`}
      verb={category === undefined ? "Add category" : "Save category"}
      keep="Cancel"
      error={save.error}
      busy={save.isPending}
      disabled={name.trim() === "" || wrongId !== undefined}
      onConfirm={() =>
        save.mutate(
          category === undefined ? addConsentCategory({ id, ...body }) : changeConsentCategory(category.id, body),
          { onSuccess: onClose }
        )
      }
      onClose={onClose}
    >
      <div className="form">
        <NameField
          value={name}
          most={longestName}
          placeholder="Advertising"
          error={save.error}
          strict={category !== undefined}
          onChange={setName}
        />
        {category === undefined ? (
          <FormField
            label="Id"
            required
            help="As your consent banner writes it in context.consent.categoryPreferences, with the same capitals. It stays."
            problem={problemAt(save.error, "id") ?? (id === "" ? undefined : wrongId)}
          >
            {(control) => (
              <input
                {...control}
                className="input m"
                maxLength={34}
                value={id}
                onChange={(event) => setId(event.target.value)}
              />
            )}
          </FormField>
        ) : undefined}
        <fieldset
          className="form"
          style={{ border: 0, margin: 0, padding: 0, gap: 8, maxHeight: 260, overflow: "auto" }}
        >
          <legend className="b" style={{ padding: 0, marginBottom: 6 }}>
            Needed by
          </legend>
          {boxes.length === 0 ? <span className="q2">No destination is connected yet.</span> : undefined}
          {boxes.map((entry) => (
            <Check key={entry.id} on={mapped.includes(entry.id)} onChange={(on) => set(entry.id, on)}>
              {entry.name}
            </Check>
          ))}
          <Choice
            label="Another entry of the catalog"
            any="Another of the catalog…"
            value={undefined}
            options={entries
              .filter(({ id: each }) => !boxes.some((box) => box.id === each))
              .map((each) => [each.id, each.name])}
            onChange={(entry) => (entry === "" ? undefined : set(entry, true))}
          />
        </fieldset>
      </div>
    </Confirm>
  )
}
