/** Categories of consent (PRV-60): what people can agree to, and which destinations need it. What they do: docs/pipeline.md. */
import { Pencil, Plus, Trash2 } from "lucide-react"
import { useState } from "react"
import { useSpace } from "../../api/hooks.ts"
import { useApi, useApiChange } from "../../api/public-api.ts"
import type { ConsentCategory } from "../../api/public-types.ts"
import { catalog, changeConsentCategory, consentCategories, deleteConsentCategory } from "../../api/requests.ts"
import { Page } from "../../parts/Page.tsx"
import { RowButton } from "../../parts/RowButton.tsx"
import { Empty, Failed } from "../../parts/States.tsx"
import { Switch } from "../../parts/Switch.tsx"
import { QueryPanel, Table } from "../../parts/Table.tsx"
import { TypedConfirm } from "../../parts/TypedConfirm.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { plural } from "../../words.ts"
import { OwnersOnly } from "../destinations/OwnersOnly.tsx"
import { CategoryEditor } from "./CategoryEditor.tsx"

type Asking = readonly ["edit" | "off" | "delete", ConsentCategory] | readonly ["new"]

/** PRV-60: who ends what a category enforces types its name. */
const End = ({
  how,
  category,
  onClose
}: {
  readonly how: "off" | "delete"
  readonly category: ConsentCategory
  readonly onClose: () => void
}) => {
  const change = useApiChange()
  const { id, name } = category
  const off = how === "off"
  return (
    <TypedConfirm
      title={off ? `Switch ${name} off?` : `Delete ${name}?`}
      name={name}
      to={off ? "switch it off" : "delete it"}
      verb={off ? "Switch off" : "Delete category"}
      keep={off ? "Keep it on" : "Keep it"}
      error={change.error}
      busy={change.isPending}
      onConfirm={() =>
        change.mutate(off ? changeConsentCategory(id, { enabled: false }) : deleteConsentCategory(id), {
          onSuccess: onClose
        })
      }
      onClose={onClose}
    >
      {category.metadataIds.length === 0
        ? "No destination needs it."
        : "Its destinations then get events of people who did not agree to it."}
    </TypedConfirm>
  )
}

const Categories = () => {
  const { slug } = useSpace()
  const query = useApi(consentCategories)
  const entries = useApi(catalog, { forever: true })
  const change = useApiChange()
  const [asking, setAsking] = useState<Asking | undefined>()
  useCrumbs(`Destinations|/s/${slug}/destinations`, "Consent categories")
  const names = new Map(entries.data?.map(({ id, name }) => [id, name]))
  const nameOf = (entry: string) => names.get(entry) ?? entry
  const close = () => setAsking(undefined)
  const add = (
    <button className="btn p" type="button" onClick={() => setAsking(["new"])}>
      <Plus size={14} aria-hidden="true" />
      Add category…
    </button>
  )
  const all = query.data ?? []
  return (
    <Page
      title={
        query.data === undefined ? "Consent categories" : plural(all.length, "consent category", "consent categories")
      }
      sub="a destination gets an event when the person agreed to all of its categories"
      ready={(query.data !== undefined && entries.data !== undefined) || query.error !== null}
      actions={all.length === 0 ? undefined : add}
    >
      {change.error === null ? undefined : <Failed error={change.error} />}
      <QueryPanel label="Consent categories" query={query} rows={4}>
        {(categories) =>
          categories.length === 0 ? (
            <Empty title="Nothing is asked of people's consent" actions={add}>
              A category has the id that your consent banner writes on events. Destinations that need it get no event of
              who did not agree.
            </Empty>
          ) : (
            <Table
              columns={[["Enforced", 84], ["Category", "20%"], ["Id", "22%"], ["Needed by"], ["Do", 84, "hidden"]]}
            >
              {categories.map((category) => {
                const { id, name, enabled, metadataIds } = category
                const needed = metadataIds.map(nameOf).join(", ")
                return (
                  <tr key={id}>
                    <td>
                      <Switch
                        label={`${name} is enforced`}
                        on={enabled}
                        disabled={change.isPending}
                        onChange={(on) =>
                          on
                            ? change.mutate(changeConsentCategory(id, { enabled: true }))
                            : setAsking(["off", category])
                        }
                      />
                    </td>
                    <td className="b">{name}</td>
                    <td className="m">{id}</td>
                    <td className={needed === "" ? "q" : "q2"} title={needed}>
                      {needed === "" ? "no destination" : needed}
                    </td>
                    <td>
                      <span className="row g4">
                        <RowButton
                          icon={Pencil}
                          verb="Change"
                          of={name}
                          onClick={() => setAsking(["edit", category])}
                        />
                        <RowButton
                          icon={Trash2}
                          verb="Delete"
                          of={name}
                          onClick={() => setAsking(["delete", category])}
                        />
                      </span>
                    </td>
                  </tr>
                )
              })}
            </Table>
          )
        }
      </QueryPanel>
      {asking === undefined ? undefined : asking[0] === "off" || asking[0] === "delete" ? (
        <End how={asking[0]} category={asking[1]} onClose={close} />
      ) : (
        <CategoryEditor
          category={asking[0] === "edit" ? asking[1] : undefined}
          taken={all.map(({ id }) => id)}
          onClose={close}
        />
      )}
    </Page>
  )
}

export const ConsentCategories = () => (
  <OwnersOnly title="Consent categories">
    <Categories />
  </OwnersOnly>
)
