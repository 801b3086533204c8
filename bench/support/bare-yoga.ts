/** The floor for the Profile API, as a process of its own: bare graphql-yoga, the same schema, canned profiles. */
import { createSchema, createYoga } from "graphql-yoga"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { readSdl } from "../../src/profiles/sdl.ts"

const canned: unknown = JSON.parse(process.argv[2]!)

const yoga = createYoga({
  schema: createSchema({
    typeDefs: [...readSdl()],
    resolvers: {
      Query: {
        profile: () => canned,
        profiles: (_: unknown, { refs }: { readonly refs: ReadonlyArray<unknown> }) => refs.map(() => canned)
      },
      Node: { __resolveType: () => "Profile" }
    }
  }),
  logging: false,
  graphiql: false,
  landingPage: false
})

const server = createServer((req, res) => void yoga(req, res))
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
