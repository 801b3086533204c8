import { Alerts } from "../alerts/Alerts.tsx"
import type { TabProps } from "./Destination.tsx"

const DestinationAlerts = ({ destination }: TabProps) => <Alerts type="DELIVERY_RATE" resourceId={destination.id} />

export default DestinationAlerts
