/** A webhook that takes everything, as a process of its own. Prints its address; `GET /` answers how many requests it has taken. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

let taken = 0
const server = createServer((request, response) => {
  if (request.method === "GET") return response.end(String(taken))
  request.resume()
  request.once("end", () => {
    taken++
    response.end("{}")
  })
})
server.listen(0, "127.0.0.1", 4096, () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`))
