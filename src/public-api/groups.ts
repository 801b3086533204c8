/** Everything that the Public API answers, group by group. */
import { Effect } from "effect"
import { alerts } from "./groups/alerts.ts"
import { audit } from "./groups/audit.ts"
import { catalog } from "./groups/catalog.ts"
import { consent } from "./groups/consent.ts"
import { deliveryOverview } from "./groups/delivery-overview.ts"
import { delivery } from "./groups/delivery.ts"
import { destinationFilters } from "./groups/destination-filters.ts"
import { destinations } from "./groups/destinations.ts"
import { fieldEncryption } from "./groups/encryption.ts"
import { labels } from "./groups/labels.ts"
import { oauth } from "./groups/oauth.ts"
import { regulations } from "./groups/regulations.ts"
import { replays } from "./groups/replays.ts"
import { roles } from "./groups/roles.ts"
import { spaceFilters } from "./groups/space-filters.ts"
import { sourceSchema } from "./groups/source-schema.ts"
import { sources } from "./groups/sources.ts"
import { spaces } from "./groups/spaces.ts"
import { subscriptions } from "./groups/subscriptions.ts"
import { testers } from "./groups/testers.ts"
import { testing } from "./groups/testing.ts"
import { tokens } from "./groups/tokens.ts"
import { workspaces } from "./groups/workspaces.ts"

export const allGroups = Effect.all([
  workspaces,
  testing,
  sources,
  sourceSchema,
  destinations,
  subscriptions,
  destinationFilters,
  testers,
  fieldEncryption,
  consent,
  catalog,
  delivery,
  deliveryOverview,
  alerts,
  spaces,
  spaceFilters,
  labels,
  roles,
  tokens,
  oauth,
  audit,
  regulations,
  replays
])
