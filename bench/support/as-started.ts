/** The flag of `npm start` and `bin/braid`, for services that a benchmark starts by itself. */
export const asStarted = { NODE_OPTIONS: "--max-semi-space-size=16" }
