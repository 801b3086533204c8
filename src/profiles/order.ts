/** Orders and times as both APIs show them. */

/** Order of the UTF-8 bytes, found without encoding: UTF-16 units, but surrogate pairs after the rest of the BMP. */
export const compareBytes = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return weight(x) - weight(y)
  }
  return a.length - b.length
}

const weight = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

/** `2024-05-02T14:01:47.000Z` */
export const isoTime = (ms: number): string => new Date(ms).toISOString()

const datePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/i

/** Milliseconds of an ISO 8601 date or date-time; UTC unless it says otherwise. Undefined: not a date. */
export const parseTime = (text: string): number | undefined => {
  const match = datePattern.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const millis = Number(fraction.slice(0, 3).padEnd(3, "0"))
  const ms = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    millis
  )
  // 30 February would silently become 1 March.
  if (new Date(ms).getUTCDate() !== Number(day) || Number(month) > 12 || Number(year) < 1) return undefined
  if (zone.toUpperCase() === "Z") return ms
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return zone.startsWith("-") ? ms + minutes * 60_000 : ms - minutes * 60_000
}
