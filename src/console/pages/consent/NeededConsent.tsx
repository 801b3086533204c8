/** What people must have agreed to before a destination gets their events, and the way to where it is said. */
import { Link } from "@tanstack/react-router"
import { useSpace } from "../../api/hooks.ts"
import { useApi } from "../../api/public-api.ts"
import { consentCategories } from "../../api/requests.ts"
import { neededFor } from "./category.ts"

export const NeededConsent = ({ entry }: { readonly entry: string }) => {
  const { slug } = useSpace()
  const { data } = useApi(consentCategories)
  if (data === undefined) return undefined
  const needed = neededFor(entry, data)
  return (
    <section className="card fixed" aria-label="Consent">
      <div className="pad row">
        <span className="q2 grow">
          {needed.length === 0
            ? "It is in no category of consent: events come whatever people agreed to."
            : `It gets events of people who agreed to ${needed.join(" and ")}, and those that name no consent.`}
        </span>
        <Link className="btn" to="/s/$space/consent-categories" params={{ space: slug }}>
          Consent categories
        </Link>
      </div>
    </section>
  )
}
