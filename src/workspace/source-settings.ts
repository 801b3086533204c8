/** What the settings of a source may be, whoever sets them; members that Braid does not know are kept for whoever wrote them. */
import type { SourceSettings } from "./workspace.ts"

/** Of the JSON of all of them. */
const mostBytes = 32_768
const switches = ["ignoreBots", "destinationFilters"]
const mostPatterns = 100
const longestPattern = 200

const isPattern = (text: unknown): boolean => typeof text === "string" && text !== "" && text.length <= longestPattern

/** Undefined: nothing is wrong. */
export const settingsProblem = (settings: SourceSettings): string | undefined => {
  const { botPatterns } = settings
  const wrong = switches.find((name) => settings[name] !== undefined && typeof settings[name] !== "boolean")
  if (wrong !== undefined) return `The setting \`${wrong}\` is true or false.`
  if (botPatterns !== undefined) {
    if (!Array.isArray(botPatterns) || botPatterns.length > mostPatterns || !botPatterns.every(isPattern))
      return `The setting \`botPatterns\` is a list of at most ${mostPatterns} texts with 1 to ${longestPattern} characters.`
  }
  return Buffer.byteLength(JSON.stringify(settings)) > mostBytes
    ? `The settings of a source are at most ${mostBytes} bytes of JSON.`
    : undefined
}
