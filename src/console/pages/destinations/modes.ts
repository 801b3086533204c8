/** Where a destination's events are sent from: here, or the device that they happen on (DST-26). Pure. */
import type { Entry } from "../../api/public-types.ts"

const offers = (instances: string | undefined): boolean => instances !== undefined && instances !== "NONE"

export const hasDeviceMode = ({ supportedFeatures }: Pick<Entry, "supportedFeatures">): boolean =>
  offers(supportedFeatures.deviceModeInstances)

/** Otherwise there is nothing to choose. */
export const hasBothModes = (entry: Pick<Entry, "supportedFeatures">): boolean =>
  hasDeviceMode(entry) && offers(entry.supportedFeatures.cloudModeInstances)
