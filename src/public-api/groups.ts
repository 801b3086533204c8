/** Everything that the Public API answers, group by group. */
import { Effect } from "effect"
import { audit } from "./groups/audit.ts"
import { labels } from "./groups/labels.ts"
import { regulations } from "./groups/regulations.ts"
import { roles } from "./groups/roles.ts"
import { spaceFilters } from "./groups/space-filters.ts"
import { spaces } from "./groups/spaces.ts"
import { testing } from "./groups/testing.ts"
import { tokens } from "./groups/tokens.ts"
import { workspaces } from "./groups/workspaces.ts"

/** Of the workspace itself: nothing here knows a destination. */
export const workspaceGroups = Effect.all([
  workspaces,
  testing,
  labels,
  spaces,
  spaceFilters,
  roles,
  tokens,
  audit,
  regulations
])
