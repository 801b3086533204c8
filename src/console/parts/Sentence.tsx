/** A sentence of the service with the segment ids in it as links to their profiles. */
import { Fragment } from "react"
import { ProfileId } from "./Identity.tsx"

const segmentId = /((?:use|grp)_[0-9A-Za-z]{27})/

export const Sentence = ({ text }: { readonly text: string }) => (
  <>
    {text.split(segmentId).map((part, i) => (
      <Fragment key={i}>{i % 2 === 1 ? <ProfileId id={part} /> : part}</Fragment>
    ))}
  </>
)
