/**
 * What Segment's package does not say about its destinations (CAT-4), by their folder in it: categories, other names, what is not shown,
 * what only an operator can set up. An entry that is named nowhere here has the defaults of `definitions.ts`.
 */

const categories: Readonly<Record<string, string>> = {
  "A/B Testing":
    "absmartly kameleoon launchdarkly launchdarkly-audiences optimizely-advanced-audience-targeting optimizely-feature-experimentation-actions optimizely-web vwo",
  Advertising:
    "1plusx 1plusx-asset-api amazon-amc amazon-conversions-api angler-ai blend-ai criteo-audiences delivrai-activate display-video-360 epsilon facebook-conversions-api facebook-custom-audiences first-party-dv360 google-campaign-manager-360 google-data-manager google-enhanced-conversions inleads-ai iqm kevel kevel-audience linkedin-audiences linkedin-conversions liveramp-audiences magellan-ai moloco-rmp ms-bing-ads-audiences ms-bing-capi nextdoor-capi pinterest-conversions podscribe reddit-audiences reddit-conversions-api revx rokt-audiences rokt-capi snap-audiences snap-conversions-api spiffy stackadapt stackadapt-audiences taboola-actions the-trade-desk-crm tiktok-app-events tiktok-audiences tiktok-conversions tiktok-conversions-sandbox tiktok-offline-conversions tiktok-offline-conversions-sandbox topsort vibe-audience yahoo-audiences youappi-audiences",
  Analytics:
    "accoil-analytics aggregations-io altertable amplitude amplitude-cohorts app-fit avo avo-v2 calliper canvas chartmogul equals fullstory gainsight-px-cloud-action google-analytics-4 heap hyperengage june klime koala launchpad mixpanel pendo-audiences playerzero-cloud posthog prodeology ripe toplyne trackey trubrics usermaven userpilot",
  Attribution: "adjust attribution dub revend roadwayai",
  CRM: "apolloio attio blackbaud-raisers-edge-nxt clay close collab-travel-crm devrev hubspot outfunnel pipedrive qualified salesforce saleswings usermotion",
  "Customer Success": "ambee appcues gleap jimo-cloud nudge voiceops",
  "Email Marketing":
    "actions-pardot batch cordial customerio dotdigital dotdigital-audiences drip emarsys encharge klaviyo listrak loops marketo-static-lists movable-ink ortto ortto-audiences responsys salesforce-marketing-cloud sendgrid sendgrid-audiences taguchi yonoma",
  "Feature Flagging": "schematic",
  "Finance and Billing": "ironclad m3ter mantle metronome",
  Helpdesk: "canny-functions intercom",
  "Marketing Automation":
    "acoustic acoustic-s3tc actable-predictive airship braze braze-cohorts clevertap hilo insider insider-audiences iterable iterable-audiences iterable-lists moengage responsys xtremepush",
  "Loyalty and Referrals":
    "antavo eagleeye-audiences friendbuy gameball gwen livelike-cloud rehook talon-one voucherify yotpo",
  Personalization:
    "adobe-target algolia-insights contentstack dawn dynamic-yield-audiences optimizely-data-platform recombee",
  "Push and SMS":
    "aampe attentive courier engage-messaging-sendgrid engage-messaging-twilio lark postscript pushwoosh slack twilio twilio-messaging twilio-messaging-omnichannel twilio-studio voyage",
  "Raw Data":
    "amazon-eventbridge aws-kinesis aws-s3 google-sheets google-sheets-dev kafka memora memora-internal noop s3 segment segment-profiles sftp singlestore webhook webhook-audiences webhook-extensible zapier",
  Surveys: "qualtrics sprig survicate surveysparrow"
}

const byFolder = new Map<string, Array<string>>()
for (const [category, folders] of Object.entries(categories))
  for (const folder of folders.split(" ")) byFolder.set(folder, [...(byFolder.get(folder) ?? []), category])

export const categoriesOf = (folder: string): ReadonlyArray<string> => byFolder.get(folder) ?? ["Other"]

/** Shown instead of the name in the package, which stays a key of the integrations object. */
const displayNames: Readonly<Record<string, string>> = {
  amplitude: "Amplitude (Actions)",
  customerio: "Customer.io (Actions)",
  pipedrive: "Pipedrive (Actions)",
  segment: "Segment Connections",
  "snap-conversions-api": "Snapchat Conversions API",
  "linkedin-audiences": "LinkedIn Audiences",
  "liveramp-audiences": "LiveRamp Audiences",
  "aws-kinesis": "AWS Kinesis",
  "amazon-eventbridge": "Amazon EventBridge",
  posthog: "PostHog",
  "ms-bing-ads-audiences": "Microsoft Bing Ads Audiences",
  webhook: "Webhooks (Actions)"
}
export const displayName = (folder: string, name: string): string => displayNames[folder] ?? name

/** Names under which an entry was known before, beside the one in the package. */
const formerNames: Readonly<Record<string, ReadonlyArray<string>>> = {
  webhook: ["Webhooks"],
  amplitude: ["Amplitude"],
  customerio: ["Customer.io"]
}
export const formerNamesOf = (folder: string): ReadonlyArray<string> => formerNames[folder] ?? []

/** Segment Connections and Segment Profiles: their actions make no request, they are for Reverse ETL (CAT-14). */
export const reverseEtlOnly: ReadonlySet<string> = new Set(["6371eee1ae5e324869aa8b1b", "639c2dbb1309fdcad13951b6"])

/** Test entries, sandboxes, and parts of products that are not ours. */
export const hiddenFolders: ReadonlySet<string> = new Set([
  "noop",
  "google-sheets-dev",
  "tiktok-conversions-sandbox",
  "tiktok-offline-conversions-sandbox",
  "engage-messaging-sendgrid",
  "engage-messaging-twilio",
  "memora-internal"
])

/** Usable from warehouses (chapter 00, part C). */
export const warehouseFolders: ReadonlySet<string> = new Set(
  "actable-predictive pipedrive adobe-target aggregations-io airship algolia-insights amplitude app-fit attio avo blackbaud-raisers-edge-nxt blend-ai braze braze-cohorts canny-functions clevertap close cordial criteo-audiences customerio emarsys encharge equals facebook-conversions-api facebook-custom-audiences friendbuy fullstory gainsight-px-cloud-action gleap google-enhanced-conversions google-analytics-4 google-sheets gwen hubspot insider-audiences insider intercom iterable june kafka klaviyo koala launchdarkly linkedin-audiences listrak livelike-cloud loops marketo-static-lists metronome mixpanel moengage movable-ink optimizely-feature-experimentation-actions actions-pardot pinterest-conversions podscribe pushwoosh qualtrics rehook revx ripe salesforce salesforce-marketing-cloud saleswings segment segment-profiles sendgrid slack snap-conversions-api stackadapt talon-one tiktok-conversions tiktok-offline-conversions toplyne userpilot voucherify vwo webhook".split(
    " "
  )
)

/** Environment variables that the code of an entry reads: secrets of whoever runs the installation (CAT-14). */
const operatorSetup: Readonly<Record<string, ReadonlyArray<string>>> = {
  "amazon-amc": ["ACTIONS_AMAZON_AMC_CLIENT_ID", "ACTIONS_AMAZON_AMC_CLIENT_SECRET"],
  "amazon-conversions-api": [
    "ACTIONS_AMAZON_CONVERSIONS_API_CLIENT_ID",
    "ACTIONS_AMAZON_CONVERSIONS_API_CLIENT_SECRET"
  ],
  apolloio: ["ACTIONS_APOLLOIO_HEADER_SECRET"],
  "aws-kinesis": ["AMAZON_KINESIS_ACTIONS_ROLE_ADDRESS", "AMAZON_KINESIS_ACTIONS_EXTERNAL_ID"],
  "aws-s3": ["AMAZON_S3_ACTIONS_ROLE_ADDRESS", "AMAZON_S3_ACTIONS_EXTERNAL_ID"],
  "braze-cohorts": ["BRAZE_COHORTS_PARTNER_API_KEY_EU", "BRAZE_COHORTS_PARTNER_API_KEY_US"],
  "display-video-360": [
    "ACTIONS_DISPLAY_VIDEO_360_REFRESH_TOKEN",
    "ACTIONS_DISPLAY_VIDEO_360_CLIENT_ID",
    "ACTIONS_DISPLAY_VIDEO_360_CLIENT_SECRET"
  ],
  "dotdigital-audiences": ["DOTDIGITAL_AUDIENCES_PARTNER_SECRET"],
  "dynamic-yield-audiences": [
    "ACTIONS_DYNAMIC_YIELD_AUDIENCES_US_CLIENT_SECRET",
    "ACTIONS_DYNAMIC_YIELD_AUDIENCES_EU_CLIENT_SECRET"
  ],
  "facebook-conversions-api": ["ACTIONS_FB_CAPI_SYSTEM_USER_TOKEN"],
  "first-party-dv360": ["ACTIONS_FIRST_PARTY_DV360_CLIENT_ID", "ACTIONS_FIRST_PARTY_DV360_CLIENT_SECRET"],
  "google-enhanced-conversions": [
    "ADWORDS_DEVELOPER_TOKEN",
    "GOOGLE_ENHANCED_CONVERSIONS_CLIENT_ID",
    "GOOGLE_ENHANCED_CONVERSIONS_CLIENT_SECRET"
  ],
  "linkedin-conversions": ["ACTIONS_LINKEDIN_CONVERSIONS_CLIENT_ID", "ACTIONS_LINKEDIN_CONVERSIONS_CLIENT_SECRET"],
  "ms-bing-ads-audiences": ["ACTIONS_MS_BING_ADS_AUDIENCES_DEVELOPER_TOKEN"],
  s3: ["AMAZON_S3_ACTIONS_ROLE_ADDRESS", "AMAZON_S3_ACTIONS_EXTERNAL_ID"],
  salesforce: ["SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET"],
  "yahoo-audiences": ["ACTIONS_YAHOO_AUDIENCES_TAXONOMY_CLIENT_ID", "ACTIONS_YAHOO_AUDIENCES_TAXONOMY_CLIENT_SECRET"]
}
export const operatorSetupOf = (folder: string): ReadonlyArray<string> => operatorSetup[folder] ?? []

/** Entries whose tokens can be refreshed only with an application that the operator has registered at the vendor (DST-10). */
export const applicationFolders: ReadonlySet<string> = new Set([
  "actions-pardot",
  "amazon-amc",
  "blackbaud-raisers-edge-nxt",
  "first-party-dv360",
  "google-campaign-manager-360",
  "google-data-manager",
  "google-enhanced-conversions",
  "google-sheets",
  "google-sheets-dev",
  "hilo",
  "hubspot",
  "linkedin-audiences",
  "listrak",
  "ms-bing-ads-audiences",
  "reddit-audiences",
  "salesforce",
  "snap-audiences",
  "snap-conversions-api",
  "yahoo-audiences",
  "yotpo"
])

const defaultMaxMappings = 50
const maxMappings: Readonly<Record<string, number>> = { webhook: 5, "webhook-extensible": 5 }
/** DST-82. */
export const maxMappingsOf = (folder: string): number => maxMappings[folder] ?? defaultMaxMappings
