import { Dialog } from "@base-ui/react/dialog"
import { Fragment } from "react"
import { commandKey } from "./Sidebar.tsx"

const keys: ReadonlyArray<readonly [string, string]> = [
  [commandKey, "Search, or paste anywhere"],
  ["G then L S D P R E W I H", "Live, Sources, Destinations, Profiles, Rules, Explain, What-if, Insights, Health"],
  ["J K", "Next and previous row"],
  ["Enter", "Open"],
  ["Esc", "Close or clear"],
  ["P", "Pause live events"],
  ["/", "Filter this page"],
  ["[ ]", "Week before and after, in a timeline"],
  ["← →", "Next event in the graph"],
  ["Alt ↑ ↓", "Move an identity rule"],
  ["T", "Light or dark"],
  ["?", "These keys"]
]

const KeyHelp = ({ onClose }: { readonly onClose: () => void }) => (
  <Dialog.Root open onOpenChange={(open) => open || onClose()}>
    <Dialog.Portal>
      <Dialog.Backdrop className="veil" />
      <Dialog.Popup className="dialog">
        <Dialog.Title render={<h2 />}>Keys</Dialog.Title>
        <div className="keys">
          {keys.map(([key, meaning]) => (
            <Fragment key={key}>
              <span>
                <kbd>{key}</kbd>
              </span>
              <span className="q2">{meaning}</span>
            </Fragment>
          ))}
        </div>
        <p className="q" style={{ marginTop: 12, fontSize: 12 }}>
          Letters do nothing while you type in a field. To switch them off:{" "}
          <span className="m">localStorage.braid_keys = "off"</span>
        </p>
        <div className="acts">
          <Dialog.Close className="btn">Close</Dialog.Close>
        </div>
      </Dialog.Popup>
    </Dialog.Portal>
  </Dialog.Root>
)

export default KeyHelp
