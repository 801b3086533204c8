/**
 * Times of a message: reading what clients send (ING-60), correcting for wrong clocks (ING-58, ING-59), writing.
 *
 *     timestamp = receivedAt - (sentAt - originalTimestamp)
 *
 * - Written by hand because it runs up to three times per event, and because `Date.parse` reads other things
 *   than ING-60 allows (it takes 30 February, and reads a time without zone as local).
 * - All times are milliseconds since 1970 UTC; NaN stands for absent or unreadable.
 * - No device writes a time before 1970 that it means: such a client time counts as absent (ING-59).
 */
import { Warning } from "./codes.ts"

const dayMs = 86_400_000
const hourMs = 3_600_000
/** 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */
const earliest = -62_135_596_800_000
const latest = 253_402_300_799_999

const daysInMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar; years >= 1. Years start in March here. */
const dayNumber = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = (y / 400) | 0
  const yearOfEra = y - era * 400
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1
  return era * 146_097 + yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear - 719_468
}

const digitAt = (text: string, at: number): number => {
  if (at >= text.length) return -1
  const value = text.charCodeAt(at) - 48
  return value >= 0 && value <= 9 ? value : -1
}

const twoAt = (text: string, at: number): number => {
  const tens = digitAt(text, at)
  const ones = digitAt(text, at + 1)
  return tens < 0 || ones < 0 ? -1 : tens * 10 + ones
}

/** Milliseconds of the zone that starts at `at` and ends the text; NaN when it is none. */
const zoneAt = (text: string, at: number): number => {
  const char = text.charCodeAt(at)
  if (char === 90 || char === 122) return at + 1 === text.length ? 0 : Number.NaN
  if (char !== 43 && char !== 45) return Number.NaN
  const hours = twoAt(text, at + 1)
  if (hours < 0 || hours > 23) return Number.NaN
  let end = at + 3
  let minutes = 0
  if (end < text.length) {
    if (text.charCodeAt(end) === 58) end += 1
    minutes = twoAt(text, end)
    if (minutes < 0 || minutes > 59) return Number.NaN
    end += 2
  }
  if (end !== text.length) return Number.NaN
  const offset = hours * hourMs + minutes * 60_000
  return char === 45 ? -offset : offset
}

/** Milliseconds since 1970 of a time in the forms of ING-60; NaN for everything else. */
export const parseTime = (text: string): number => {
  const century = twoAt(text, 0)
  const rest = twoAt(text, 2)
  if (century < 0 || rest < 0 || text.charCodeAt(4) !== 45) return Number.NaN
  const year = century * 100 + rest

  let at = 5
  let month = digitAt(text, at++)
  const monthOnes = digitAt(text, at)
  if (monthOnes >= 0) {
    month = month * 10 + monthOnes
    at++
  }
  if (text.charCodeAt(at++) !== 45) return Number.NaN
  let day = digitAt(text, at++)
  const dayOnes = digitAt(text, at)
  if (dayOnes >= 0) {
    day = day * 10 + dayOnes
    at++
  }
  if (year < 1 || month < 1 || month > 12 || day < 1) return Number.NaN
  if (day > daysInMonth[month - 1]! && !(month === 2 && day === 29 && isLeap(year))) return Number.NaN

  let time = dayNumber(year, month, day) * dayMs
  if (at === text.length) return time
  const separator = text.charCodeAt(at)
  if (separator === 84 || separator === 116 || separator === 32) {
    const hours = twoAt(text, at + 1)
    const minutes = twoAt(text, at + 4)
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || text.charCodeAt(at + 3) !== 58) return Number.NaN
    time += hours * hourMs + minutes * 60_000
    at += 6
    if (text.charCodeAt(at) === 58) {
      const seconds = twoAt(text, at + 1)
      if (seconds < 0 || seconds > 59) return Number.NaN
      time += seconds * 1000
      at += 3
      if (text.charCodeAt(at) === 46) {
        const start = ++at
        let unit = 100
        let digit = digitAt(text, at)
        for (; digit >= 0; digit = digitAt(text, ++at)) {
          time += digit * unit
          unit = unit > 1 ? unit / 10 : 0
        }
        if (at === start || at - start > 9) return Number.NaN
      }
    }
    if (at === text.length) return time
  }
  return time - zoneAt(text, at)
}

const two = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, "0"))
const three = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, "0"))

/** Nearly all events of a process fall on one day, so the date part is kept from the last call. */
let lastDay = Number.NaN
let lastDate = ""

/** `YYYY-MM-DDTHH:mm:ss.SSSZ`; `ms` an integer within the years 0001-9999. */
export const formatTime = (ms: number): string => {
  const day = Math.floor(ms / dayMs)
  if (day !== lastDay) {
    lastDay = day
    lastDate = new Date(day * dayMs).toISOString().slice(0, 11)
  }
  const rest = ms - day * dayMs
  const minutes = (rest / 60_000) | 0
  const millis = rest - minutes * 60_000
  const seconds = (millis / 1000) | 0
  const hours = (minutes / 60) | 0
  return `${lastDate}${two[hours]}:${two[minutes - hours * 60]}:${two[seconds]}.${three[millis - seconds * 1000]}Z`
}

/** A time that a client sent; NaN when absent, unreadable, before 1970 or after 9999. */
export const clientTime = (value: unknown): number => {
  if (typeof value !== "string") return Number.NaN
  const time = parseTime(value)
  return time >= 0 && time <= latest ? time : Number.NaN
}

/** Collects the warnings of the message in work (`Warning`). */
export interface Noting {
  warnings: number
}

/** Reads a client time and notes `timestamp_invalid` when something was sent but cannot be used. */
export const notedTime = (value: unknown, noting: Noting): number => {
  if (value === undefined || value === null) return Number.NaN
  const time = clientTime(value)
  if (Number.isNaN(time)) noting.warnings |= Warning.timestampInvalid
  return time
}

/** `originalTimestamp` of a message: what the caller said, else the next best (ING-59). `sentAt` may be NaN. */
export const originalTime = (
  timestamp: unknown,
  originalTimestamp: unknown,
  sentAt: number,
  receivedAt: number,
  noting: Noting
): number => {
  const said = notedTime(timestamp, noting)
  if (!Number.isNaN(said)) return said
  const original = notedTime(originalTimestamp, noting)
  if (!Number.isNaN(original)) return original
  return Number.isNaN(sentAt) ? receivedAt : sentAt
}

/** `timestamp` of a message: the original time, freed from the error of the client's clock. `sentAt` may be NaN. */
export const correctedTime = (original: number, sentAt: number, receivedAt: number, noting: Noting): number => {
  const time = Number.isNaN(sentAt) ? original : receivedAt - (sentAt - original)
  if (time < earliest || time > latest) {
    noting.warnings |= Warning.timestampOutOfRange
    return receivedAt
  }
  if (time > receivedAt + hourMs) noting.warnings |= Warning.timestampFuture
  return time
}
