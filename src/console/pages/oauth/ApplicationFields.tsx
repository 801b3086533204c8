/** What an OAuth application is, as fields: its name, how long its tokens last, what they are good for; and a key. */
import type { OAuthApplication } from "../../api/public-types.ts"
import { oauthScopes } from "../../api/public-types.ts"
import { Check } from "../../parts/Check.tsx"
import { FormField } from "../../parts/FormField.tsx"
import { NameField } from "../../parts/NameField.tsx"
import { keyProblem, lifetimes, scopeTitles } from "./application.ts"

export type ApplicationForm = Pick<OAuthApplication, "name" | "tokenSeconds" | "scopes">

interface ApplicationFieldsProps {
  readonly form: ApplicationForm
  readonly error: Error | null
  readonly disabled?: boolean
  readonly strict?: boolean
  readonly onChange: (form: ApplicationForm) => void
}

export const ApplicationFields = ({
  form,
  error,
  disabled = false,
  strict = true,
  onChange
}: ApplicationFieldsProps) => (
  <>
    <NameField
      value={form.name}
      error={error}
      disabled={disabled}
      strict={strict}
      placeholder="Billing service"
      onChange={(name) => onChange({ ...form, name })}
    />
    <FormField label="Tokens last" help="A change concerns tokens that are given out from then on.">
      {(control) => (
        <select
          {...control}
          className="input"
          disabled={disabled}
          value={form.tokenSeconds}
          onChange={(event) => onChange({ ...form, tokenSeconds: Number(event.target.value) })}
        >
          {lifetimes.map(([seconds, title]) => (
            <option key={seconds} value={seconds}>
              {title}
            </option>
          ))}
        </select>
      )}
    </FormField>
    <fieldset className="form" style={{ border: 0, margin: 0, padding: 0, gap: 8 }}>
      <legend className="b" style={{ padding: 0, marginBottom: 6 }}>
        Tokens are good for
      </legend>
      {oauthScopes.map((scope) => (
        <Check
          key={scope}
          on={form.scopes.includes(scope)}
          disabled={disabled}
          onChange={(on) =>
            onChange({
              ...form,
              scopes: oauthScopes.filter((each) => (each === scope ? on : form.scopes.includes(each)))
            })
          }
        >
          <span className="m">{scope}</span>
          <span className="q2" style={{ display: "block" }}>
            {scopeTitles[scope]}
          </span>
        </Check>
      ))}
    </fieldset>
  </>
)

export interface KeyForm {
  readonly name: string
  readonly publicKey: string
}

interface KeyFieldsProps {
  readonly form: KeyForm
  readonly onChange: (form: KeyForm) => void
}

export const KeyFields = ({ form, onChange }: KeyFieldsProps) => (
  <>
    <NameField
      label="Name of the key"
      value={form.name}
      error={null}
      strict={false}
      placeholder="production 2026"
      onChange={(name) => onChange({ ...form, name })}
    />
    <FormField
      label="Public key"
      required
      help="RSA with at least 2,048 bits, as PEM: openssl rsa -in private.pem -pubout"
      problem={form.publicKey === "" ? undefined : keyProblem(form.publicKey)}
    >
      {(control) => (
        <textarea
          {...control}
          className="input m"
          rows={4}
          spellCheck={false}
          placeholder="-----BEGIN PUBLIC KEY-----"
          value={form.publicKey}
          onChange={(event) => onChange({ ...form, publicKey: event.target.value })}
        />
      )}
    </FormField>
  </>
)

export const isKey = ({ name, publicKey }: KeyForm): boolean =>
  name.trim() !== "" && keyProblem(publicKey) === undefined
