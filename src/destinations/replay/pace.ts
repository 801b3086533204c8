/** How many events a second a replay sends at most, retries included (DEL-73): live traffic keeps the larger part. */

const standard = 100

/** `asked`: by whoever started it; `most`: what the destination takes (DEL-6). */
export const perSecondOf = (asked: number | null, most: number | undefined): number => {
  if (most === undefined) return asked ?? standard
  return Math.min(asked ?? most / 2, most)
}
