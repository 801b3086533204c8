/**
 * The worked cases of spec 02 section 18, in its notation (`support/notation.ts`). `given` graphs are made by one
 * event per profile, in that order; `before` are events whose outcome is another case's business.
 */
import type { Changes } from "./support/rules.ts"

export interface Expected {
  readonly event: string
  /** `create P2`, `add P1`, `none P1`, `merge P1`, `unresolved`, `dropped`, `duplicate`; accounts after a `+`. */
  readonly result: string
  /** Identifiers demoted by the loop, in order. */
  readonly demoted?: string
  readonly violations?: ReadonlyArray<string>
  /** C created, M mapped, G merged, L linked. */
  readonly success?: string
  /** `external_ids` of the stored event (IDR-39). */
  readonly externalIds?: string
}

export interface Case {
  readonly id: string
  readonly note?: string
  /** Changes to R0. */
  readonly rules?: Changes
  /** Rules in force while the given graph is made; default: the same. */
  readonly givenRules?: Changes
  readonly given?: string
  readonly before?: ReadonlyArray<string>
  readonly events: ReadonlyArray<Expected>
  /** The graph afterwards; absent: as before. */
  readonly graph?: string
  /** Traits afterwards, by profile name. */
  readonly traits?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly links?: string
}

const shelf = "P1{user_id:u1 email:e1..e5 anonymous_id:a1}"
const weekly = { types: { anonymous_id: { window: "weekly" } } } as const
const fiveDays = [
  "@2024-05-01 user_id:u1 anonymous_id:a1",
  "@2024-05-02 user_id:u1 anonymous_id:a2",
  "@2024-05-03 user_id:u1 anonymous_id:a3",
  "@2024-05-04 user_id:u1 anonymous_id:a4",
  "@2024-05-05 user_id:u1 anonymous_id:a5"
]
const sharedPad = [1, 2, 3, 4, 5].map((n) => `@2024-05-01T00:0${n}:00Z email:e${n} ios.id:pad1`)
/** `n` people who were merged into u1 one by one. */
const mergedPeople = (n: number): ReadonlyArray<string> => [
  "user_id:u1",
  ...Array.from({ length: n }, (_, i) => [`cookie:c${i}`, `user_id:u1 cookie:c${i}`]).flat()
]
const unlimitedCookies = { types: { cookie: { limit: 1000 } } }
const segRuns = "P1{user_id:abc123def email:janedoe@example.com anonymous_id:anon_123 ios.id:ios_abc123}"
const initech = 'group user_id:u1 group_id:g1 {"traits":{"name":"Initech"}}'

export const cases: ReadonlyArray<Case> = [
  {
    id: "W-1",
    events: [{ event: "page anonymous_id:anon_123", result: "create P1", success: "C P1, M anonymous_id:anon_123" }],
    graph: "P1{anonymous_id:anon_123}"
  },
  {
    id: "W-2",
    before: ["page anonymous_id:anon_123"],
    events: [{ event: "track user_id:use_123 anonymous_id:anon_123", result: "add P1", success: "M user_id:use_123" }],
    graph: "P1{anonymous_id:anon_123 user_id:use_123}"
  },
  {
    id: "W-3",
    note: "a new user_id with a known e-mail",
    given: "P1{user_id:abc123 email:jane@example1.com}",
    events: [
      {
        event: "identify user_id:abc456 email:jane@example1.com",
        result: "create P2",
        demoted: "email:jane@example1.com",
        violations: ["value limit: email:jane@example1.com (user_id 2/1)"],
        success: "C P2, M user_id:abc456"
      }
    ],
    graph: "P1{user_id:abc123 email:jane@example1.com} P2{user_id:abc456}",
    traits: { P2: { email: "jane@example1.com" } }
  },
  {
    id: "W-4",
    note: "no reset on logout",
    given: "P1{user_id:u1 anonymous_id:a1}",
    events: [
      { event: "anonymous_id:a1", result: "none P1" },
      {
        event: "user_id:u2 anonymous_id:a1",
        result: "create P2",
        demoted: "anonymous_id:a1",
        violations: ["value limit: anonymous_id:a1 (user_id 2/1)"],
        success: "C P2, M user_id:u2"
      }
    ],
    graph: "P1{user_id:u1 anonymous_id:a1} P2{user_id:u2}"
  },
  {
    id: "W-5",
    note: "SegKicks",
    events: [
      {
        event: "anonymous_id:anon_123 ios.id:ios_abc123",
        result: "create P1",
        success: "C P1, M anonymous_id:anon_123, M ios.id:ios_abc123"
      },
      { event: "anonymous_id:anon_123 ios.id:ios_abc123", result: "none P1" },
      {
        event: "identify user_id:abc123def email:janedoe@example.com anonymous_id:anon_123 ios.id:ios_abc123",
        result: "add P1",
        success: "M user_id:abc123def, M email:janedoe@example.com"
      },
      {
        event: "user_id:abc123def anonymous_id:anon_456 android.id:and_1a2b3c4d",
        result: "add P1",
        success: "M android.id:and_1a2b3c4d, M anonymous_id:anon_456"
      },
      {
        event: "user_id:abc123def anonymous_id:anon_789 android.id:and_1a2b3c4d",
        result: "add P1",
        success: "M anonymous_id:anon_789"
      }
    ],
    graph:
      "P1{user_id:abc123def email:janedoe@example.com anonymous_id:anon_123 anonymous_id:anon_456 anonymous_id:anon_789 ios.id:ios_abc123 android.id:and_1a2b3c4d}"
  },
  {
    id: "W-6",
    note: "Android used before login",
    given: segRuns,
    events: [
      {
        event: "anonymous_id:anon_456 android.id:and_1a2b3c4d",
        result: "create P2",
        success: "C P2, M android.id:and_1a2b3c4d, M anonymous_id:anon_456"
      },
      {
        event: "user_id:abc123def anonymous_id:anon_456 android.id:and_1a2b3c4d",
        result: "merge P1",
        success: "G P2>P1"
      }
    ],
    graph:
      "P1{user_id:abc123def email:janedoe@example.com anonymous_id:anon_123 anonymous_id:anon_456 ios.id:ios_abc123 android.id:and_1a2b3c4d}"
  },
  {
    id: "W-7",
    note: "sync case study",
    events: [
      {
        event: "page anonymous_id:5285bc35-05ef-4d21",
        result: "create P1",
        success: "C P1, M anonymous_id:5285bc35-05ef-4d21"
      },
      {
        event: "identify anonymous_id:5285bc35-05ef-4d21 email:jane.kim@segment.com",
        result: "add P1",
        success: "M email:jane.kim@segment.com"
      },
      {
        event: "page anonymous_id:b50e18a5-1b8d-451c",
        result: "create P2",
        success: "C P2, M anonymous_id:b50e18a5-1b8d-451c"
      },
      {
        event: "identify anonymous_id:b50e18a5-1b8d-451c email:jane.kim@segment.com",
        result: "merge P1",
        success: "G P2>P1"
      }
    ],
    graph: "P1{email:jane.kim@segment.com anonymous_id:5285bc35-05ef-4d21 anonymous_id:b50e18a5-1b8d-451c}"
  },
  {
    id: "W-8",
    given: "P1{user_id:u1 anonymous_id:a1..a5}",
    events: [
      {
        event: "user_id:u1 anonymous_id:a6",
        result: "none P1",
        demoted: "anonymous_id:a6",
        violations: ["value limit: anonymous_id:a6 (anonymous_id 6/5)"]
      }
    ]
  },
  {
    id: "W-9",
    given: "P1{user_id:u1 anonymous_id:a1..a5}",
    before: ["user_id:u1 anonymous_id:a6", "anonymous_id:a6"],
    events: [
      {
        event: "user_id:u1 anonymous_id:a6",
        result: "none P1",
        demoted: "anonymous_id:a6",
        violations: ["value limit: anonymous_id:a6 (anonymous_id 6/5)"]
      }
    ],
    graph: "P1{user_id:u1 anonymous_id:a1..a5} P2{anonymous_id:a6}"
  },
  {
    id: "W-10",
    note: "inside the window",
    rules: weekly,
    before: fiveDays,
    events: [
      {
        event: "@2024-05-06 user_id:u1 anonymous_id:a6",
        result: "none P1",
        demoted: "anonymous_id:a6",
        violations: ["time limit: anonymous_id:a6 (anonymous_id 6/5 weekly)"]
      }
    ]
  },
  {
    id: "W-11",
    note: "exactly one window later",
    rules: weekly,
    before: fiveDays,
    events: [{ event: "@2024-05-08 user_id:u1 anonymous_id:a6", result: "add P1", success: "M anonymous_id:a6" }],
    graph: "P1{user_id:u1 anonymous_id:a1..a6}"
  },
  {
    id: "W-12",
    given: "P1{user_id:u1 email:e1} P2{user_id:u2 anonymous_id:a1}",
    events: [
      {
        event: "email:e1 anonymous_id:a1",
        result: "none P1",
        demoted: "anonymous_id:a1",
        violations: ["value limit: anonymous_id:a1 (user_id 2/1)"]
      }
    ]
  },
  {
    id: "W-13",
    given: "P1{email:e1} P2{anonymous_id:a1} P3{ios.id:d1}",
    events: [
      {
        event: "user_id:u1 email:e1 anonymous_id:a1 ios.id:d1",
        result: "merge P1",
        success: "G P2>P1, G P3>P1, M user_id:u1"
      }
    ],
    graph: "P1{user_id:u1 email:e1 anonymous_id:a1 ios.id:d1}"
  },
  {
    id: "W-14",
    given: "P1{user_id:u1 email:e1} P2{user_id:u2 ios.id:d1} P3{anonymous_id:a1}",
    events: [
      {
        event: "email:e1 anonymous_id:a1 ios.id:d1",
        result: "merge P1",
        demoted: "ios.id:d1",
        violations: ["value limit: ios.id:d1 (user_id 2/1)"],
        success: "G P3>P1"
      }
    ],
    graph: "P1{user_id:u1 email:e1 anonymous_id:a1} P2{user_id:u2 ios.id:d1}"
  },
  {
    id: "W-15",
    note: "breach on a type that is not on the event",
    given: "P1{email:e1 anonymous_id:a1..a5} P2{phone:p1 anonymous_id:a6..a7}",
    events: [
      {
        event: "email:e1 phone:p1",
        result: "none P1",
        demoted: "phone:p1",
        violations: ["value limit: phone:p1 (anonymous_id 7/5)"]
      }
    ]
  },
  {
    id: "W-16",
    events: [
      {
        event: "user_id:anonymous anonymous_id:a9",
        result: "create P1",
        violations: ["blocked: user_id:anonymous"],
        success: "C P1, M anonymous_id:a9"
      }
    ],
    graph: "P1{anonymous_id:a9}"
  },
  {
    id: "W-17",
    events: [
      {
        event: "user_id:null anonymous_id:00000000-0000-0000-0000-000000000000",
        result: "unresolved",
        violations: [
          "blocked: user_id:null",
          "blocked: anonymous_id:00000000-0000-0000-0000-000000000000",
          "error: No matching identifiers on event"
        ]
      }
    ],
    graph: ""
  },
  {
    id: "W-18",
    note: "shared iPad, logged in",
    given: "P1{user_id:u1 ios.id:pad1}",
    events: [
      {
        event: "user_id:u2 ios.id:pad1",
        result: "create P2",
        demoted: "ios.id:pad1",
        violations: ["value limit: ios.id:pad1 (user_id 2/1)"],
        success: "C P2, M user_id:u2"
      },
      {
        event: "user_id:u3 ios.id:pad1",
        result: "create P3",
        demoted: "ios.id:pad1",
        violations: ["value limit: ios.id:pad1 (user_id 2/1)"],
        success: "C P3, M user_id:u3"
      }
    ],
    graph: "P1{user_id:u1 ios.id:pad1} P2{user_id:u2} P3{user_id:u3}"
  },
  {
    id: "W-19",
    note: "shared iPad, e-mail only",
    before: sharedPad,
    events: [
      {
        event: "email:e6 ios.id:pad1",
        result: "create P2",
        demoted: "ios.id:pad1",
        violations: ["value limit: ios.id:pad1 (email 6/5)"],
        success: "C P2, M email:e6"
      }
    ],
    graph: "P1{email:e1..e5 ios.id:pad1} P2{email:e6}"
  },
  {
    id: "W-20",
    note: "remedy",
    rules: { types: { email: { limit: 1 } } },
    before: sharedPad,
    events: [
      {
        event: "email:e6 ios.id:pad1",
        result: "create P6",
        demoted: "ios.id:pad1",
        violations: ["value limit: ios.id:pad1 (email 2/1)"],
        success: "C P6, M email:e6"
      }
    ],
    graph: "P1{email:e1 ios.id:pad1} P2{email:e2} P3{email:e3} P4{email:e4} P5{email:e5} P6{email:e6}"
  },
  {
    id: "W-21",
    note: "two ids, one e-mail",
    rules: { types: { email: { limit: 1 }, user_id: { limit: 2 } } },
    given: "P1{user_id:shop_1 email:e1}",
    events: [
      { event: "user_id:uuid-9 email:e1", result: "add P1", success: "M user_id:uuid-9" },
      {
        event: "user_id:third email:e1",
        result: "create P2",
        demoted: "email:e1",
        violations: ["value limit: email:e1 (user_id 3/2)"],
        success: "C P2, M user_id:third"
      }
    ],
    graph: "P1{user_id:shop_1 user_id:uuid-9 email:e1} P2{user_id:third}"
  },
  {
    id: "W-22",
    note: "two values of one type",
    rules: { types: { phone: { limit: 1 } } },
    events: [
      {
        event: "user_id:u1 phone:p1 phone:p2",
        result: "create P1",
        demoted: "phone:p2",
        violations: ["value limit: phone:p2 (phone 2/1)"],
        success: "C P1, M user_id:u1, M phone:p1"
      }
    ],
    graph: "P1{user_id:u1 phone:p1}"
  },
  {
    id: "W-23",
    note: "auto-add; the ranks are in rules.test.ts",
    rules: { only: ["user_id", "email", "anonymous_id", "ga_client_id"] },
    given: "P1{user_id:u1}",
    events: [{ event: "user_id:u1 android.id:X", result: "add P1", success: "M android.id:X" }],
    graph: "P1{user_id:u1 android.id:X}"
  },
  {
    id: "W-24",
    note: "the reasons are in extract.test.ts",
    given: "P1{user_id:u1}",
    events: [
      {
        event:
          'user_id:u1 {"context":{"externalIds":[{"id":"p0","type":"phone","collection":"users"},{"id":"p9","type":"Phone","collection":"users","encoding":"none"},{"id":"p1","type":"phone","collection":"users","encoding":"none"}]}}',
        result: "add P1",
        success: "M phone:p1"
      }
    ],
    graph: "P1{user_id:u1 phone:p1}"
  },
  {
    id: "W-25",
    note: "two spellings of a custom key",
    rules: { types: { app_id: {} } },
    events: [
      { event: 'identify {"traits":{"appId":"x1"}}', result: "create P1", success: "C P1, M app_id:x1" },
      { event: 'track {"properties":{"app_id":"x1"}}', result: "none P1" }
    ],
    graph: "P1{app_id:x1}"
  },
  {
    id: "W-26",
    note: "GA cookie survives reset",
    given: "P1{user_id:u1 anonymous_id:a1 ga_client_id:g1}",
    events: [
      { event: "anonymous_id:a2 ga_client_id:g1", result: "add P1", success: "M anonymous_id:a2" },
      {
        event: "user_id:u2 anonymous_id:a2 ga_client_id:g1",
        result: "create P2",
        demoted: "ga_client_id:g1, anonymous_id:a2",
        violations: ["value limit: ga_client_id:g1 (user_id 2/1)", "value limit: anonymous_id:a2 (user_id 2/1)"],
        success: "C P2, M user_id:u2"
      }
    ],
    graph: "P1{user_id:u1 anonymous_id:a1 anonymous_id:a2 ga_client_id:g1} P2{user_id:u2}"
  },
  {
    id: "W-27",
    note: "no consent to tracking",
    events: [
      {
        event:
          'track {"context":{"device":{"type":"ios","id":"dev1","advertisingId":"ad1","adTrackingEnabled":false}}}',
        result: "create P1",
        success: "C P1, M ios.id:dev1"
      }
    ],
    graph: "P1{ios.id:dev1}"
  },
  {
    id: "W-28",
    note: "merge limit",
    rules: unlimitedCookies,
    before: [...mergedPeople(100), "anonymous_id:a1"],
    events: [
      {
        event: "user_id:u1 anonymous_id:a1 ios.id:new",
        result: "add P1",
        violations: ["merge limit: anonymous_id:a1"],
        success: "M ios.id:new",
        externalIds: "user_id:u1, ios.id:new"
      }
    ],
    graph: "P1{user_id:u1 ios.id:new cookie:c0..c99} P102{anonymous_id:a1}"
  },
  {
    id: "W-29",
    note: "greedy",
    rules: unlimitedCookies,
    before: [...mergedPeople(99), "email:e9", "anonymous_id:a1"],
    events: [
      {
        event: "user_id:u1 email:e9 anonymous_id:a1",
        result: "merge P1",
        violations: ["merge limit: anonymous_id:a1"],
        success: "G P101>P1"
      }
    ],
    graph: "P1{user_id:u1 email:e9 cookie:c0..c98} P102{anonymous_id:a1}"
  },
  {
    id: "W-30",
    note: "mapping limit",
    rules: unlimitedCookies,
    before: Array.from({ length: 10 }, (_, i) => `user_id:u1 cookie:c${i * 100}..c${Math.min(i * 100 + 99, 998)}`),
    events: [
      {
        event: "user_id:u1 anonymous_id:zz",
        result: "none P1",
        violations: ["mapping limit: anonymous_id:zz"],
        externalIds: "user_id:u1"
      }
    ]
  },
  {
    id: "W-31",
    note: "stricter rules",
    givenRules: { types: { user_id: { limit: 3 } } },
    given: "P1{user_id:u1..u3 email:e1}",
    events: [
      { event: "user_id:u1 anonymous_id:an", result: "add P1", success: "M anonymous_id:an" },
      {
        event: "user_id:u4 email:e1",
        result: "create P2",
        demoted: "email:e1",
        violations: ["value limit: email:e1 (user_id 4/1)"],
        success: "C P2, M user_id:u4"
      }
    ],
    graph: "P1{user_id:u1..u3 email:e1 anonymous_id:an} P2{user_id:u4}"
  },
  {
    id: "W-32",
    note: "looser rules",
    givenRules: {},
    rules: { types: { user_id: { limit: 2 } } },
    given: "P1{user_id:abc123 email:jane@example1.com} P2{user_id:abc456}",
    events: [{ event: "identify user_id:abc456 email:jane@example1.com", result: "merge P1", success: "G P2>P1" }],
    graph: "P1{user_id:abc123 user_id:abc456 email:jane@example1.com}"
  },
  {
    id: "W-33",
    note: "redelivery",
    before: ["id=m-x user_id:u1 anonymous_id:a1"],
    events: [{ event: "id=m-x user_id:u2 email:e1", result: "duplicate" }]
  },
  {
    id: "W-34",
    events: [
      {
        event: initech,
        result: "create P1 + create G1",
        success: "C P1, M user_id:u1, C G1, M group_id:g1, L P1-G1"
      }
    ],
    graph: "P1{user_id:u1} G1{group_id:g1}",
    traits: { G1: { name: "Initech" } },
    links: "P1-G1"
  },
  {
    id: "W-35",
    before: [initech],
    events: [
      {
        event: "group user_id:u2 group_id:g1",
        result: "create P2 + none G1",
        success: "C P2, M user_id:u2, L P2-G1"
      }
    ],
    graph: "P1{user_id:u1} G1{group_id:g1} P2{user_id:u2}",
    links: "P1-G1 P2-G1"
  },
  {
    id: "W-36",
    events: [
      { event: 'group user_id:u1 {"groupId":""}', result: "dropped" },
      { event: 'track user_id:u1 {"context":{"groupId":""}}', result: "dropped" },
      { event: "track user_id:u1", result: "create P1", success: "C P1, M user_id:u1" }
    ],
    graph: "P1{user_id:u1}"
  },
  {
    id: "W-37",
    note: "alias",
    given: "P1{anonymous_id:a1}",
    events: [{ event: 'alias user_id:u1 {"previousId":"a1"}', result: "create P2", success: "C P2, M user_id:u1" }],
    graph: "P1{anonymous_id:a1} P2{user_id:u1}"
  },
  {
    id: "W-38",
    note: "traits on merge",
    before: [
      '@2024-05-01T10:00:00Z identify user_id:u1 {"traits":{"plan":"free"}}',
      '@2024-05-01T09:00:00Z identify anonymous_id:a1 {"traits":{"plan":"pro","name":"Jo"}}'
    ],
    events: [{ event: "user_id:u1 anonymous_id:a1", result: "merge P1", success: "G P2>P1" }],
    graph: "P1{user_id:u1 anonymous_id:a1}",
    traits: { P1: { plan: "free", name: "Jo" } }
  },
  {
    id: "W-39",
    note: "removal on merge",
    before: [
      '@2024-05-01T10:00:00Z identify user_id:u1 {"traits":{"age":40}}',
      '@2024-05-01T11:00:00Z identify anonymous_id:a1 {"traits":{"age":null}}'
    ],
    events: [{ event: "user_id:u1 anonymous_id:a1", result: "merge P1", success: "G P2>P1" }],
    graph: "P1{user_id:u1 anonymous_id:a1}",
    traits: {}
  },
  {
    id: "W-40",
    note: "chain",
    given: "P1{user_id:u1} P2{email:e1} P3{anonymous_id:a1}",
    before: ["email:e1 anonymous_id:a1"],
    events: [
      { event: "user_id:u1 email:e1", result: "merge P1", success: "G P2>P1" },
      { event: "anonymous_id:a1", result: "none P1" }
    ],
    graph: "P1{user_id:u1 email:e1 anonymous_id:a1}"
  },
  {
    id: "W-41",
    note: "demoted but already owned",
    given: shelf,
    events: [
      {
        event: "user_id:u1 email:e6 anonymous_id:a1",
        result: "none P1",
        demoted: "anonymous_id:a1, email:e6",
        violations: ["value limit: email:e6 (email 6/5)"],
        externalIds: "user_id:u1, anonymous_id:a1"
      }
    ]
  },
  {
    id: "W-42",
    note: "literal demotion",
    given: shelf,
    events: [
      {
        event: "user_id:u1 email:e6 anonymous_id:an",
        result: "none P1",
        demoted: "anonymous_id:an, email:e6",
        violations: ["value limit: anonymous_id:an (email 6/5)", "value limit: email:e6 (email 6/5)"]
      }
    ]
  },
  {
    id: "W-42",
    note: "with readmission",
    rules: { readmitDemoted: true },
    given: shelf,
    events: [
      {
        event: "user_id:u1 email:e6 anonymous_id:an",
        result: "add P1",
        demoted: "email:e6",
        violations: ["value limit: email:e6 (email 6/5)"],
        success: "M anonymous_id:an"
      }
    ],
    graph: "P1{user_id:u1 email:e1..e5 anonymous_id:a1 anonymous_id:an}"
  },
  {
    id: "W-45",
    note: "at the same instant",
    events: [
      {
        event: "@2024-05-01 user_id:u1 anonymous_id:a1",
        result: "create P1",
        success: "C P1, M user_id:u1, M anonymous_id:a1"
      },
      { event: "@2024-05-01 user_id:u1 anonymous_id:a2", result: "add P1", success: "M anonymous_id:a2" }
    ],
    graph: "P1{user_id:u1 anonymous_id:a1..a2}"
  },
  {
    id: "W-46",
    note: "older id survives",
    given: "P1{anonymous_id:a1} P2{user_id:u1 email:e1}",
    events: [{ event: "user_id:u1 anonymous_id:a1", result: "merge P1", success: "G P2>P1" }],
    graph: "P1{user_id:u1 email:e1 anonymous_id:a1}"
  },
  {
    id: "W-47",
    events: [
      {
        event: 'identify {"traits":{"email":" Jane@Example.com "}}',
        result: "create P1",
        success: "C P1, M email:jane@example.com"
      },
      { event: 'identify {"traits":{"email":"jane@example.com"}}', result: "none P1" }
    ],
    graph: "P1{email:jane@example.com}"
  },
  {
    id: "W-49",
    note: "late trait",
    before: ['@2024-05-01T12:00:00Z identify user_id:u1 {"traits":{"plan":"pro"}}'],
    events: [{ event: '@2024-05-01T11:00:00Z identify user_id:u1 {"traits":{"plan":"free"}}', result: "none P1" }],
    traits: { P1: { plan: "pro" } }
  }
]

/** Cases that need operations of a later version. */
export const outOfScope: Readonly<Record<string, string>> = {
  "W-43": "needs deletion of an identifier (IDR-150): operations/operations.test.ts",
  "W-44": "needs un-merge (IDR-200): operations/split.test.ts; that profiles kept apart breach: resolve.test.ts",
  "W-50": "needs suppression (IDR-160)"
}
