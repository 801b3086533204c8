import { describe, expect, it } from "vitest"
import { Warning, warningsOf } from "../../src/event/codes.ts"
import {
  clientTime,
  correctedTime,
  formatTime,
  notedTime,
  originalTime,
  parseTime
} from "../../src/event/timestamps.ts"

const iso = (ms: number) => (Number.isNaN(ms) ? undefined : formatTime(ms))

describe("ING-60: reading times", () => {
  it.each([
    ["2024-01-01", "2024-01-01T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2000-02-29", "2000-02-29T00:00:00.000Z"],
    ["2015-2-02T00:30:08.276Z", "2015-02-02T00:30:08.276Z"],
    ["2015-12-2T00:30Z", "2015-12-02T00:30:00.000Z"],
    ["2024-1-1", "2024-01-01T00:00:00.000Z"],
    ["2024-01-01T10:20", "2024-01-01T10:20:00.000Z"],
    ["2024-01-01 10:20:30", "2024-01-01T10:20:30.000Z"],
    ["2024-01-01t10:20:30z", "2024-01-01T10:20:30.000Z"],
    ["2024-01-01T10:20:30.1Z", "2024-01-01T10:20:30.100Z"],
    ["2024-01-01T10:20:30.12", "2024-01-01T10:20:30.120Z"],
    ["2024-01-01T10:20:30.999999999Z", "2024-01-01T10:20:30.999Z"],
    ["2024-01-01T00:00:00.123456+02:00", "2023-12-31T22:00:00.123Z"],
    ["2024-01-01T00:00:00+0230", "2023-12-31T21:30:00.000Z"],
    ["2024-01-01T00:00:00-05", "2024-01-01T05:00:00.000Z"],
    ["2024-01-01T00:00+02", "2023-12-31T22:00:00.000Z"],
    ["2024-01-01Z", "2024-01-01T00:00:00.000Z"],
    ["2024-01-01+02:00", "2023-12-31T22:00:00.000Z"],
    ["0050-03-01T00:00:00Z", "0050-03-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"]
  ])("ING-60: %s is %s", (text, expected) => expect(iso(parseTime(text))).toBe(expected))

  it.each([
    "",
    "now",
    "1700000000",
    "2024",
    "2024-01",
    "24-01-01",
    "2024-13-01",
    "2024-00-01",
    "2024-01-00",
    "2024-01-32",
    "2024-02-30T00:00:00Z",
    "2023-02-29",
    "1900-02-29",
    "2024-04-31",
    "0000-01-01",
    "2024-001-01",
    "2024-01-001",
    "2024-01-01T",
    "2024-01-01T1:20",
    "2024-01-01T24:00",
    "2024-01-01T10:60",
    "2024-01-01T10:20:60Z",
    "2024-01-01T10",
    "2024-01-01T10:20:30.",
    "2024-01-01T10:20:30.Z",
    "2024-01-01T10:20:30.1234567890Z",
    "2024-01-01T10:20:30,5Z",
    "2024-01-01T10:20:30ZZ",
    "2024-01-01T10:20:30+24:00",
    "2024-01-01T10:20:30+02:60",
    "2024-01-01T10:20:30+2",
    "2024-01-01T10:20:30+02:0",
    "2024-01-01T10:20:30 Z",
    " 2024-01-01",
    "2024-01-01 ",
    "2024/01/01",
    "+02024-01-01",
    "Wed, 01 May 2024 12:00:00 GMT",
    "2024-01-01T10:20:30[Europe/Berlin]",
    "２０２４-01-01"
  ])("ING-60: %j is no time", (text) => expect(parseTime(text)).toBeNaN())

  it("ING-60: agrees with Date for every day of four centuries, written and read", () => {
    for (let day = -150_000; day < 150_000; day += 7) {
      const ms = day * 86_400_000 + ((day * 7_919_113) % 86_400_000)
      const text = new Date(ms).toISOString()
      if (text.length !== 24) continue
      expect(parseTime(text)).toBe(ms)
      expect(formatTime(ms)).toBe(text)
    }
  })

  it.each([[5], [null], [undefined], [{}], ["1969-12-31T23:59:59.999Z"], ["9999-12-31T23:59:59-02:00"], ["nope"]])(
    "ING-59: a client time %j counts as absent",
    (value) => expect(clientTime(value)).toBeNaN()
  )

  it.each([
    [undefined, 0],
    [null, 0],
    ["2024-01-01", 0],
    [1_700_000_000, Warning.timestampInvalid],
    ["", Warning.timestampInvalid],
    ["0001-01-01T00:00:00Z", Warning.timestampInvalid]
  ])("ING-98: %j is noted as %d", (value, warnings) => {
    const noting = { warnings: 0 }
    notedTime(value, noting)
    expect(noting.warnings).toBe(warnings)
  })
})

const day = "2024-05-01T"
const at = (time: string) => parseTime(time.includes("-") ? time : `${day}${time}Z`)

/** Returns `[originalTimestamp, timestamp, warnings]`. */
const times = (received: string, sentAt: string | undefined, timestamp: unknown, original?: unknown) => {
  const noting = { warnings: 0 }
  const sent = sentAt === undefined ? Number.NaN : at(sentAt)
  const first = originalTime(timestamp, original, sent, at(received), noting)
  const corrected = correctedTime(first, sent, at(received), noting)
  return [formatTime(first), formatTime(corrected), warningsOf(noting.warnings)]
}

describe("ING-58, ING-59: correcting times", () => {
  it.each([
    ["1 docs sample", "19:11:01.266", "19:11:01.169", `${day}19:11:01.152Z`, `${day}19:11:01.249Z`],
    ["2 clock 1 h fast", "12:00:00.000", "13:00:00.000", `${day}12:59:50.000Z`, `${day}11:59:50.000Z`],
    ["3 import", "12:00:00.000", undefined, "2012-12-02T00:30:08.276Z", "2012-12-02T00:30:08.276Z"],
    ["6 offline 2 h", "10:00:00.300", "10:00:00.000", `${day}08:00:00.000Z`, `${day}08:00:00.300Z`]
  ])("AC1-18 row %s", (_, received, sentAt, timestamp, expected) =>
    expect(times(received, sentAt, timestamp)).toEqual([timestamp, expected, []])
  )
  it("AC1-18 row 4 no timestamp", () =>
    expect(times("12:00:00.300", "12:00:00.000", undefined)).toEqual([
      `${day}12:00:00.000Z`,
      `${day}12:00:00.300Z`,
      []
    ]))
  it("AC1-18 row 5 neither", () =>
    expect(times("12:00:00.000", undefined, undefined)).toEqual([`${day}12:00:00.000Z`, `${day}12:00:00.000Z`, []]))

  it("ING-59: a sent originalTimestamp counts only without timestamp", () => {
    expect(times("12:00:00.000", undefined, undefined, "2020-01-01")[0]).toBe("2020-01-01T00:00:00.000Z")
    expect(times("12:00:00.000", undefined, "2021-01-01", "2020-01-01")[0]).toBe("2021-01-01T00:00:00.000Z")
    expect(times("12:00:00.000", undefined, 5, "2020-01-01")).toEqual([
      "2020-01-01T00:00:00.000Z",
      "2020-01-01T00:00:00.000Z",
      ["timestamp_invalid"]
    ])
  })
  it("ING-59: results outside the years 0001-9999 become receivedAt", () =>
    expect(times("12:00:00.000", "1970-01-01T00:00:00Z", "9999-12-31T00:00:00Z")[2]).toEqual([
      "timestamp_out_of_range"
    ]))
  it("ING-59: more than an hour ahead is kept with a warning", () => {
    expect(times("12:00:00.000", undefined, `${day}13:00:00.000Z`)[2]).toEqual([])
    expect(times("12:00:00.000", undefined, `${day}13:00:00.001Z`)[2]).toEqual(["timestamp_future"])
  })
  it("ING-59: the result may lie before 1970", () =>
    expect(times("12:00:00.000", "2024-05-01T12:00:00.000Z", "1970-01-01T00:00:01Z")[1]).toBe(
      "1970-01-01T00:00:01.000Z"
    ))
})
