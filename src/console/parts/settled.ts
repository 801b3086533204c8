import { useEffect, useState } from "react"

/** The value once it has not changed for a while: what is asked of the service as one types. Objects must be memoized. */
export const useSettled = <Value>(value: Value, ms = 250): Value => {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
