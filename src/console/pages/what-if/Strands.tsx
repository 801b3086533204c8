/** The picture of a cluster: every identifier is a thread from the profile that holds it to the one that would. */
import { ProfileId } from "../../parts/Identity.tsx"
import { Table } from "../../parts/Table.tsx"
import { count, family, plural, shortId } from "../../words.ts"
import { type PlacedBox, placeStrands, type ClusterLike, strandSentence } from "./strand-layout.ts"

interface StrandsProps {
  readonly cluster: ClusterLike & { readonly collection: string }
  /** Segment ids of the profiles that there are. */
  readonly live: ReadonlySet<string>
}

const Profile = ({ id, live }: { readonly id: string | null; readonly live: ReadonlySet<string> }) =>
  id === null ? (
    <span className="q2">on no profile</span>
  ) : live.has(id) ? (
    <ProfileId id={id} />
  ) : (
    <>
      <span className="pid p2" title={id}>
        {shortId(id)}
      </span>
      <span className="lbl ml">new</span>
    </>
  )

interface BoxProps extends Pick<StrandsProps, "live"> {
  readonly box: PlacedBox
  readonly collection: string
}

const Box = ({ box, collection, live }: BoxProps) => (
  <div className={box.profile === null ? "sbox none" : "sbox"} style={{ top: box.y, height: box.height }}>
    <div className="row stitle">
      {box.others > 0 ? (
        <span className="b">{plural(box.others, "further profile")}</span>
      ) : (
        <Profile id={box.profile} live={live} />
      )}
    </div>
    {box.rows.map((row) => (
      <div className="row srow" key={row.key}>
        <span className={`knot m el f-${family(row.type, collection)}`} title={`${row.type}: ${row.text}`}>
          <span className="el">{row.text}</span>
        </span>
        <span className="lbl ml">{row.type}</span>
      </div>
    ))}
  </div>
)

/** Threads get thicker with what they carry, not beyond measure. */
const thickness = (carried: number) => Math.min(14, 2.2 + Math.log2(carried) * 1.2)

export const StrandsPicture = ({ cluster, live }: StrandsProps) => {
  const { collection, identifierCount } = cluster
  const picture = placeStrands(cluster)
  const { before, after, threads, height } = picture
  const boxes = (side: ReadonlyArray<PlacedBox>) =>
    side.map((box) => <Box key={box.key} box={box} collection={collection} live={live} />)
  return (
    <figure aria-label={strandSentence(cluster.before.length, cluster.after.length, identifierCount)}>
      <div className="strands lbl">
        <span>Now</span>
        <span />
        <span>With these rules</span>
      </div>
      <div className="strands" style={{ height }}>
        <div>{boxes(before)}</div>
        <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" width="100%" height={height} aria-hidden="true">
          {threads.map(({ key, type, count: carried, from, to }) => (
            <path
              key={key}
              d={`M0 ${from}C50 ${from} 50 ${to} 100 ${to}`}
              fill="none"
              stroke={`var(--${family(type, collection)})`}
              strokeWidth={thickness(carried)}
              vectorEffect="non-scaling-stroke"
            />
          ))}
        </svg>
        <div>{boxes(after)}</div>
      </div>
      <figcaption className="lbl">
        {picture.bundled ? "A thread is all identifiers of a type that go the same way. " : ""}
        {picture.rest > 0 ? `${plural(picture.rest, "further identifier")} in smaller threads.` : ""}
      </figcaption>
    </figure>
  )
}

export const StrandsTable = ({ cluster: { strands }, live }: StrandsProps) => (
  <Table columns={[["Identifiers"], ["Type", 130], ["Now", 160], ["With these rules", 180]]}>
    {strands.map(({ type, before, after, count: carried, identifiers }) => (
      <tr key={`${before} ${after} ${type}`}>
        <td className="m">
          {identifiers.map(({ id }) => id).join(", ")}
          {carried > identifiers.length ? ` and ${count(carried - identifiers.length)} more` : ""}
        </td>
        <td>{type}</td>
        <td>
          <Profile id={before} live={live} />
        </td>
        <td>
          <span className="row">
            <Profile id={after} live={live} />
          </span>
        </td>
      </tr>
    ))}
  </Table>
)
