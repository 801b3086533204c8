/**
 * What browser and mobile libraries read before they send (ING-152 to ING-156). Public: never a secret. No member is
 * `null`, and every host is ours: without `apiHost` and `metrics` the libraries would report to Segment. What destinations add to it:
 * `destinations/device`.
 */
import type { DeviceParts } from "../destinations/device/device-mode.ts"
import type { SourceBlocks } from "../workspace/source-blocks.ts"
import type { PublicUrl } from "../platform/public-url.ts"

interface PlanEvent {
  readonly enabled: boolean
  readonly integrations: Readonly<Record<string, false>>
}

/** A blocked event is kept from destinations on the device; the library posts it here all the same (ING-154). */
const eventsOf = (blocks: SourceBlocks | undefined, device: DeviceParts | undefined): Record<string, PlanEvent> =>
  Object.fromEntries([
    ...[...(device?.trackIntegrations ?? [])].map(
      ([name, integrations]) => [name, { enabled: true, integrations }] as const
    ),
    ...(blocks?.names.track ?? []).map((name) => [name, { enabled: false, integrations: {} }] as const),
    ["__default", { enabled: true, integrations: {} }] as const
  ])

/** The minimal document, for every kind of source and for disabled ones; a source that takes events has more. */
export const settingsDocument = (
  writeKey: string,
  at: PublicUrl,
  { blocks, device }: { readonly blocks?: SourceBlocks | undefined; readonly device?: DeviceParts | undefined } = {}
): unknown => ({
  integrations: {
    ...device?.integrations,
    "Segment.io": {
      apiKey: writeKey,
      apiHost: `${at.host}/v1`,
      protocol: at.protocol,
      retryQueue: true,
      addBundledMetadata: true,
      unbundledIntegrations: device?.unbundledIntegrations ?? [],
      maybeBundledConfigIds: device?.maybeBundledConfigIds ?? {},
      versionSettings: { version: "4.4.7", componentTypes: ["browser"] }
    }
  },
  plan: {
    track: eventsOf(blocks, device),
    identify: { __default: { enabled: true } },
    group: { __default: { enabled: true } }
  },
  middlewareSettings: { routingRules: device?.routingRules ?? [] },
  enabledMiddleware: {},
  remotePlugins: device?.remotePlugins ?? [],
  ...(device?.consent === undefined ? undefined : { consentSettings: device.consent }),
  metrics: { sampleRate: 0, host: `${at.host}/v1` },
  legacyVideoPluginsEnabled: false,
  edgeFunction: {},
  autoInstrumentationSettings: { sampleRate: 0 }
})
