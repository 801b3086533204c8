/**
 * What the tests find beside themselves: each service is started (or found) once for the whole run and its address
 * handed to the test files. Add a service by adding it to `services`; the summary is printed before the first test.
 */
import type { TestProject } from "vitest/node"
import { bundleService } from "./bundle-service.ts"
import { chromiumService } from "./chromium-service.ts"
import { neo4jService } from "./neo4j-service.ts"
import { postgresService } from "./postgres-service.ts"
import { s3Service } from "./s3-service.ts"

/** What `inject(...)` gives the test files. Serialisable; null = not there, tests that need it are skipped. */
declare module "vitest" {
  export interface ProvidedContext {
    /** Superuser URL of the run's own PostgreSQL; `test/support/database.ts` makes a database per file from it. */
    databaseUrl: string
  }
}

export interface TestService {
  readonly name: string
  /**
   * Starts or finds the service and `provide`s its address. `found` is one line for the summary; `skipped` says why
   * there is none and what would bring it (a failure when `CI=true`).
   */
  readonly start: (
    provide: TestProject["provide"]
  ) => Promise<{ readonly found: string; readonly stop: () => Promise<void> } | { readonly skipped: string }>
}

export const services: ReadonlyArray<TestService> = [
  bundleService,
  postgresService,
  neo4jService,
  chromiumService,
  s3Service
]
