/**
 * What Segment's webhooks leave to their host: authentication of the Extensible Webhook (DST-114), from our settings into the shape that
 * its definition reads; and a second signature (DST-111).
 */
export const webhook = "614a3c7d791c91c41bae7599"
export const extensibleWebhook = "66b1f528d26440823fb27af9"

type Values = Readonly<Record<string, unknown>>

const grants: Readonly<Record<string, string>> = {
  oauthClientCredentials: "clientCredentials",
  oauthAuthorizationCode: "authCode"
}

export const mayRefresh = (settings: Values): boolean => String(settings["authentication"]) in grants

export const withAuthentication = (settings: Values): Values => {
  const how = String(settings["authentication"] ?? "none")
  if (how === "bearer")
    return { ...settings, dynamicAuthSettings: { bearer: { bearerToken: settings["bearerToken"] } } }
  if (!(how in grants)) return { ...settings, dynamicAuthSettings: { oauth: { type: "noAuth" } } }
  return {
    ...settings,
    dynamicAuthSettings: {
      oauth: {
        type: grants[how],
        clientId: settings["clientId"],
        clientSecret: settings["clientSecret"],
        scopes: settings["scopes"] ?? "",
        refreshTokenServerUrl: settings["refreshUrl"] ?? settings["tokenUrl"],
        access: {}
      }
    }
  }
}

/** The key, where the signature is asked for. */
export const signature256 = (metadataId: string, settings: Values): string | undefined => {
  const secret = settings["sharedSecret"]
  const asked = settings["signature256"] === true && (metadataId === webhook || metadataId === extensibleWebhook)
  return asked && typeof secret === "string" && secret !== "" ? secret : undefined
}
