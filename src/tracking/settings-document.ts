/**
 * What browser and mobile libraries read before they send (ING-152 to ING-156). Public: never a secret. No member is
 * `null`, and every host is ours: without `apiHost` and `metrics` the libraries would report to Segment.
 */
import type { PublicUrl } from "./public-url.ts"

/** The minimal document, for every kind of source and for disabled ones. */
export const settingsDocument = (writeKey: string, at: PublicUrl): unknown => ({
  integrations: {
    "Segment.io": {
      apiKey: writeKey,
      apiHost: `${at.host}/v1`,
      protocol: at.protocol,
      retryQueue: true,
      addBundledMetadata: true,
      unbundledIntegrations: [],
      maybeBundledConfigIds: {},
      versionSettings: { version: "4.4.7", componentTypes: ["browser"] }
    }
  },
  plan: {
    track: { __default: { enabled: true, integrations: {} } },
    identify: { __default: { enabled: true } },
    group: { __default: { enabled: true } }
  },
  middlewareSettings: { routingRules: [] },
  enabledMiddleware: {},
  remotePlugins: [],
  metrics: { sampleRate: 0, host: `${at.host}/v1` },
  legacyVideoPluginsEnabled: false,
  edgeFunction: {},
  autoInstrumentationSettings: { sampleRate: 0 }
})
