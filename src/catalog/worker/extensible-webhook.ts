/**
 * Authentication of the Extensible Webhook (DST-114), whose definition leaves it to its host: our settings for it, in the shape that the
 * definition reads.
 */
export const extensibleWebhook = "66b1f528d26440823fb27af9"

type Values = Readonly<Record<string, unknown>>

const grants: Readonly<Record<string, string>> = {
  oauthClientCredentials: "clientCredentials",
  oauthAuthorizationCode: "authCode"
}

export const refreshes = (settings: Values): boolean => String(settings["authentication"]) in grants

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
