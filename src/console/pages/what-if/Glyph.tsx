/** The shape of a cluster in a list: how many profiles become how many. */
const most = 9

/** Middle of the i-th of n. */
const place = (i: number, n: number) => (28 * (i + 0.5)) / Math.max(1, n)

interface GlyphProps {
  readonly before: number
  readonly after: number
}

export const Glyph = ({ before, after }: GlyphProps) => {
  const [a, b] = [Math.min(before, most), Math.min(after, most)]
  const strands = a === 0 || b === 0 ? 0 : Math.max(a, b)
  return (
    <svg width="40" height="28" role="img" aria-label={`${before} to ${after}`}>
      {Array.from({ length: strands }, (_, i) => {
        const [from, to] = [place(Math.min(i, a - 1), a), place(Math.min(i, b - 1), b)]
        const d = `M5 ${from}C20 ${from} 20 ${to} 35 ${to}`
        return <path key={i} d={d} stroke="var(--ink-3)" strokeWidth="1.3" fill="none" />
      })}
      {Array.from({ length: a }, (_, i) => (
        <circle key={i} cx="5" cy={place(i, a)} r="2.8" fill="var(--ink)" />
      ))}
      {Array.from({ length: b }, (_, i) => (
        <circle key={i} cx="35" cy={place(i, b)} r="2.6" fill="var(--ink)" />
      ))}
    </svg>
  )
}
