/** A new source: its kind and its name; the address name is made from it, and fixed (ING-114). */
import { useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import { useSpace } from "../../api/hooks.ts"
import { useApi, useApiChange } from "../../api/public-api.ts"
import type { Source } from "../../api/public-types.ts"
import { addSource, sourceEntries } from "../../api/requests.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { FormField } from "../../parts/FormField.tsx"

export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 64)

export const AddSource = ({ onClose }: { readonly onClose: () => void }) => {
  const { slug: space } = useSpace()
  const navigate = useNavigate()
  const kinds = useApi(sourceEntries, { forever: true })
  const add = useApiChange<Source>()
  const [name, setName] = useState("")
  const [kind, setKind] = useState("")
  const slug = slugOf(name)
  const metadataId = kind === "" ? (kinds.data?.[0]?.id ?? "") : kind
  return (
    <Confirm
      open
      title="Add a source"
      verb="Add source"
      keep="Cancel"
      error={add.error ?? kinds.error}
      busy={add.isPending}
      disabled={slug === "" || metadataId === ""}
      onConfirm={() =>
        add.mutate(addSource({ slug, name: name.trim(), metadataId, enabled: true }), {
          onSuccess: ({ id }) =>
            void navigate({
              to: "/s/$space/sources/$source/$tab",
              params: { space, source: id, tab: "settings" }
            })
        })
      }
      onClose={onClose}
    >
      <div className="form">
        <FormField
          label="Name"
          required
          help={
            slug === "" ? "One source for each site, app or server." : `Its address name will be ${slug}, for good.`
          }
        >
          {(control) => (
            <input
              {...control}
              className="input"
              value={name}
              maxLength={120}
              placeholder="Website"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </FormField>
        <FormField label="Kind" required help="It cannot be changed later.">
          {(control) => (
            <select {...control} className="input" value={metadataId} onChange={(event) => setKind(event.target.value)}>
              {(kinds.data ?? []).map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name}
                </option>
              ))}
            </select>
          )}
        </FormField>
      </div>
    </Confirm>
  )
}
