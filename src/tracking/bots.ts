/**
 * Known bots (ING-180): a source can be told to ignore them. The list is of words that crawlers and monitors have in their user agent; a source can
 * have a list of its own instead (`botPatterns`). Only messages of browsers and apps are looked at.
 */
import type { Source, SourceSettings } from "../workspace/workspace.ts"

/** In any case, anywhere in the user agent. */
const known = [
  "bot",
  "crawl",
  "spider",
  "slurp",
  "headlesschrome",
  "phantomjs",
  "lighthouse",
  "pingdom",
  "uptimerobot",
  "statuscake",
  "facebookexternalhit",
  "preview",
  "curl/",
  "wget/",
  "python-requests",
  "scrapy"
] as const

export type IsBot = (userAgent: unknown) => boolean

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

const compiled = new WeakMap<SourceSettings, IsBot>()

const compile = ({ botPatterns }: SourceSettings): IsBot => {
  const own = Array.isArray(botPatterns) ? botPatterns.filter((each) => typeof each === "string" && each !== "") : []
  const pattern = new RegExp((own.length > 0 ? own : known).map((each) => escaped(String(each))).join("|"), "i")
  return (userAgent) => typeof userAgent === "string" && pattern.test(userAgent)
}

/** Undefined: the source takes bots like anybody. */
export const botsOf = ({ settings }: Source): IsBot | undefined => {
  if (settings?.["ignoreBots"] !== true) return undefined
  let isBot = compiled.get(settings)
  if (isBot === undefined) compiled.set(settings, (isBot = compile(settings)))
  return isBot
}
