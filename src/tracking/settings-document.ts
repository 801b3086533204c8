/**
 * What browser and mobile libraries read before they send (ING-152 to ING-156). Public: never a secret. No member is
 * `null`, and every host is ours: without `apiHost` and `metrics` the libraries would report to Segment.
 */
import type { SourceBlocks } from "../workspace/source-blocks.ts"
import type { PublicUrl } from "../platform/public-url.ts"

/** A blocked event is kept from destinations on the device; the library posts it here all the same (ING-154). */
const eventsOf = (blocks: SourceBlocks | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries((blocks?.names.track ?? []).map((name) => [name, { enabled: false, integrations: {} }]))

/** The minimal document, for every kind of source and for disabled ones. */
export const settingsDocument = (writeKey: string, at: PublicUrl, blocks?: SourceBlocks): unknown => ({
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
    track: { ...eventsOf(blocks), __default: { enabled: true, integrations: {} } },
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
