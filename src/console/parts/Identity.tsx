/** Identifiers and profiles as they look everywhere: a knot with its type, a square with a short id. */
import { Link } from "@tanstack/react-router"
import type { ReactNode } from "react"
import { useSpace } from "../api/hooks.ts"
import type { ProfileTab } from "../url-state.ts"
import { anonymous, family, initials, shortId } from "../words.ts"

interface IdentifierLike {
  readonly type: string
  readonly id: string
  readonly collection?: string
}

export const familyClass = ({ type, collection }: { readonly type: string; readonly collection?: string }): string =>
  `f-${family(type, collection)}`

/** `new`: mapped here first. `out`: did not count. */
export const Identifier = ({ of, how }: { readonly of: IdentifierLike; readonly how?: "new" | "out" | undefined }) => (
  <span className={`id ${familyClass(of)} ${how ?? ""}`} title={`${of.type}:${of.id}`}>
    <i>{of.type}</i>
    <u>{of.id}</u>
  </span>
)

/** A value whose type is written elsewhere. */
export const Knot = ({ of }: { readonly of: IdentifierLike }) => (
  <span className={`knot m el ${familyClass(of)}`} title={`${of.type}:${of.id}`}>
    <span className="el">{of.id}</span>
  </span>
)

interface ProfileLinkProps {
  readonly id: string
  readonly tab?: ProfileTab
  readonly className?: string
  readonly title?: string
  readonly children: ReactNode
}

/** To a profile of this space. */
export const ProfileLink = ({ id, tab = "overview", children, ...rest }: ProfileLinkProps) => {
  const { slug } = useSpace()
  return (
    <Link to="/s/$space/profiles/$id/$tab" params={{ space: slug, id, tab }} {...rest}>
      {children}
    </Link>
  )
}

interface ExplainLinkProps {
  readonly messageId: string
  readonly className?: string
  readonly children?: ReactNode
}

/** To how an event was decided. */
export const ExplainLink = ({ messageId, className = "acc", children = "Explain" }: ExplainLinkProps) => {
  const { slug } = useSpace()
  return (
    <Link className={className} to="/s/$space/explain/$messageId" params={{ space: slug, messageId }}>
      {children}
    </Link>
  )
}

interface ProfileIdProps {
  readonly id: string
  /** Hollow: a profile that is not the one of this page. */
  readonly other?: boolean
  readonly whole?: boolean
}

export const ProfileId = ({ id, other = false, whole = false }: ProfileIdProps) => (
  <ProfileLink className={`pid ${other ? "p2" : ""}`} id={id} title={id}>
    {whole ? id : shortId(id)}
  </ProfileLink>
)

export const Avatar = ({ name, small = false }: { readonly name: string; readonly small?: boolean }) => (
  <span className={`av ${small ? "s" : ""} ${name === anonymous ? "anon" : ""}`} aria-hidden="true">
    {initials(name)}
  </span>
)

export const Meter = ({
  value,
  of,
  label
}: {
  readonly value: number
  readonly of: number
  readonly label: string
}) => (
  <svg
    className="bar"
    role="img"
    aria-label={label}
    width="54"
    height="4"
    preserveAspectRatio="none"
    viewBox="0 0 100 4"
  >
    <rect width="100" height="4" rx="2" fill="var(--line)" />
    <rect
      width={of === 0 ? 100 : Math.min(100, (100 * value) / of)}
      height="4"
      rx="2"
      fill={value >= of ? "var(--ink)" : "var(--ink-2)"}
    />
  </svg>
)

export const Labelled = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <div>
    <dt className="lbl">{name}</dt>
    <dd>{children}</dd>
  </div>
)
