/**
 * Fields that are encrypted before the destination gets them (DEL-80 to DEL-83): which, and the pair of keys. The private key is shown
 * once, here and nowhere else, so the page asks before it is left with it.
 */
import { KeyRound } from "lucide-react"
import { useState } from "react"
import { useMayConnect } from "../../api/hooks.ts"
import { problemAt, useApi, useApiChange } from "../../api/public-api.ts"
import type { FieldEncryption } from "../../api/public-types.ts"
import { changeEncryption, encryption as encryptionOf, makeEncryptionKeys } from "../../api/requests.ts"
import { Check } from "../../parts/Check.tsx"
import { Copy } from "../../parts/Copy.tsx"
import { Confirm } from "../../parts/Dialog.tsx"
import { FormField } from "../../parts/FormField.tsx"
import { saveFile } from "../../parts/save-file.ts"
import { Failed, QueryView } from "../../parts/States.tsx"
import { Unsaved } from "../../parts/Unsaved.tsx"
import { exact, moment } from "../../words.ts"
import type { TabProps } from "./Destination.tsx"
import { linesOf } from "./lines.ts"

const PrivateKey = ({
  pem,
  file,
  onStored
}: {
  readonly pem: string
  readonly file: string
  readonly onStored: () => void
}) => (
  <div className="sec2 form">
    <FormField
      label="Private key"
      help="It is shown this once and stored nowhere. Without it nobody can read what is encrypted from now on."
      note={<Copy text={pem} what="private key" />}
    >
      {(control) => <textarea {...control} className="input m" rows={8} readOnly spellCheck={false} value={pem} />}
    </FormField>
    <div className="row">
      <button className="btn" type="button" onClick={() => saveFile(file, pem, "application/x-pem-file")}>
        Download
      </button>
      <button className="btn p" type="button" onClick={onStored}>
        I have stored it
      </button>
    </div>
    <Unsaved dirty title="Leave without the private key?" verb="Leave it" keep="Stay">
      It is shown only here and only now. When you have not stored it, make new keys before you switch encryption on.
    </Unsaved>
  </div>
)

const Fields = ({ destination, encryption }: TabProps & { readonly encryption: FieldEncryption }) => {
  const may = useMayConnect()
  const change = useApiChange()
  const [enabled, setEnabled] = useState(encryption.enabled)
  const [text, setText] = useState(encryption.fields.join("\n"))
  const fields = linesOf(text)
  const hasKeys = encryption.publicKey !== null
  const dirty = enabled !== encryption.enabled || JSON.stringify(fields) !== JSON.stringify(encryption.fields)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        change.mutate(changeEncryption(destination.id, { enabled, fields }))
      }}
    >
      <div className="sec2 form">
        <Check on={enabled} disabled={!may || (!hasKeys && !enabled)} onChange={setEnabled}>
          Encrypt these fields before they are sent
          <span className="q2" style={{ display: "block" }}>
            {hasKeys
              ? "An identifier that the vendor matches people by is of no use to it when it is encrypted."
              : "Generate keys first."}
          </span>
        </Check>
        <FormField
          label="Fields"
          help="One name each line, exactly as it is written, at any depth of context, traits and properties."
          problem={problemAt(change.error, "fields")}
        >
          {(control) => (
            <textarea
              {...control}
              className="input m"
              rows={4}
              spellCheck={false}
              disabled={!may}
              placeholder={"email\nphone"}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </FormField>
      </div>
      {change.error === null ? undefined : <Failed error={change.error} />}
      <div className="f">
        <span className="q2">RSA-OAEP with SHA-256; a change counts for events from then on.</span>
        <button className="btn p ml" type="submit" disabled={!may || !dirty || change.isPending}>
          Save fields
        </button>
      </div>
    </form>
  )
}

export const Encryption = ({ destination }: TabProps) => {
  const may = useMayConnect()
  const works = destination.metadata.kind !== "storage" && destination.connectionMode === "cloud"
  const query = useApi(encryptionOf(destination.id), { enabled: works })
  const make = useApiChange<string>()
  const [asking, setAsking] = useState(false)
  if (!works) return undefined
  const { publicKey = null, keysGeneratedAt = null } = query.data ?? {}
  const generate = () => make.mutate(makeEncryptionKeys(destination.id), { onSuccess: () => setAsking(false) })
  return (
    <section className="card fixed" aria-label="Encrypted fields">
      <h2 className="h">
        Encrypted fields
        <span className="r">
          {publicKey === null || keysGeneratedAt === null ? undefined : (
            <>
              <span className="q2" title={exact(keysGeneratedAt)}>
                keys of {moment(keysGeneratedAt)}
              </span>
              <Copy text={publicKey} what="public key" />
            </>
          )}
          {may ? (
            <button
              className="btn g s"
              type="button"
              disabled={query.data === undefined || make.isPending || make.data !== undefined}
              onClick={() => (publicKey === null ? generate() : setAsking(true))}
            >
              <KeyRound size={12} aria-hidden="true" />
              {make.isPending ? "Generating ..." : publicKey === null ? "Generate keys" : "New keys…"}
            </button>
          ) : undefined}
        </span>
      </h2>
      {make.data === undefined ? undefined : (
        <PrivateKey pem={make.data} file={`braid-${destination.id}.pem`} onStored={() => make.reset()} />
      )}
      {make.error === null || asking ? undefined : <Failed error={make.error} />}
      <QueryView query={query} rows={2}>
        {(encryption) => (
          <Fields
            key={JSON.stringify([encryption.enabled, encryption.fields])}
            destination={destination}
            encryption={encryption}
          />
        )}
      </QueryView>
      {asking ? (
        <Confirm
          open
          title="Generate new keys?"
          verb="Generate keys"
          keep="Keep the old ones"
          error={make.error}
          busy={make.isPending}
          onConfirm={generate}
          onClose={() => setAsking(false)}
        >
          <p className="q2">
            Events from then on are encrypted with the new pair. What was sent before stays readable with the old
            private key only: keep it.
          </p>
        </Confirm>
      ) : undefined}
    </section>
  )
}
