/** Secrets in configuration files: the name of an environment variable stands for each. */

const upper = (text: string): string =>
  text
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .replaceAll(/^_|_$/g, "")
    .toUpperCase()

/** The variable that an export names: `BRAID_SECRET_WEB_MIXPANEL_EU_API_SECRET`. */
export const secretVariable = (source: string, destination: string, setting: string): string =>
  ["BRAID_SECRET", source, destination, setting].map(upper).join("_")

/** The variable that a value of a file names; undefined: it is a value. */
export const variableOf = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const { env, ...others } = value as { readonly env?: unknown }
  return typeof env === "string" && Object.keys(others).length === 0 ? env : undefined
}
