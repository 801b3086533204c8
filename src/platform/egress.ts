/**
 * Where outbound connections may go (DEL-9, ADM-118): nowhere inside, unless the operator lists it.
 *
 * - The address is judged in the look-up of the connection itself, so there is no second resolution that could answer something
 *   else (DNS rebinding), and a redirect is judged like a first request.
 * - A name with public and private addresses is connected to on its public ones only.
 * - `guardSockets` puts the same rule under everything that a process connects to, whatever client it uses.
 *
 * Not here: making requests (`outbound.ts`).
 */
import { lookup as resolveName, type LookupAddress, type LookupOptions } from "node:dns"
import { BlockList, isIP, Socket } from "node:net"

/** Nothing was sent: the address is one that destinations must not reach. */
export class EgressRefused extends Error {
  readonly code = "EEGRESS"
  constructor(host: string, what: string) {
    super(
      `${host} is ${what}, which destinations may not reach. Use a public address; an operator can allow it with BRAID_EGRESS_ALLOW_PRIVATE.`
    )
    this.name = "EgressRefused"
  }
}

const ranges: ReadonlyArray<readonly [string, number, "ipv4" | "ipv6"]> = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  // Link-local; the metadata services of clouds are here.
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["224.0.0.0", 4, "ipv4"],
  ["240.0.0.0", 4, "ipv4"],
  // Azure's agent endpoint looks public.
  ["168.63.129.16", 32, "ipv4"],
  ["::", 128, "ipv6"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fec0::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
  // They carry an IPv4 address that a translator would connect to: NAT64, 6to4, Teredo, and compatible ones.
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["2001::", 32, "ipv6"],
  ["::", 96, "ipv6"]
]

const inside = new BlockList()
for (const [network, prefix, family] of ranges) inside.addSubnet(network, prefix, family)

/** The IPv4 address inside `::ffff:a.b.c.d`, in any of its spellings. */
const mapped = (address: string): string | undefined => {
  const match = /^\[(?:::ffff:)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/i.exec(new URL(`http://[${address}]/`).hostname)
  if (match === null) return undefined
  const [high, low] = [parseInt(match[1]!, 16), parseInt(match[2]!, 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

type Resolve = (
  host: string,
  options: { readonly all: true; readonly family?: number; readonly hints?: number },
  done: (error: NodeJS.ErrnoException | null, addresses: Array<LookupAddress>) => void
) => void

type Found = (
  error: NodeJS.ErrnoException | null,
  address: string | ReadonlyArray<LookupAddress>,
  family?: number
) => void

export interface Egress {
  /** Refuses a host that is an address; a name is judged when it is resolved, and passes here. */
  readonly refusal: (host: string) => EgressRefused | undefined
  /** For the `lookup` option of `net.connect`, `tls.connect` and `http.request`. */
  readonly lookup: (host: string, options: LookupOptions, found: Found) => void
  /** What was listed. */
  readonly allow: ReadonlyArray<string>
}

/**
 * `allow`: addresses, CIDR blocks and host names that may be reached although they lie inside. A host name that starts with a dot
 * means every name below it. Entries that are neither throw.
 */
export const makeEgress = (allow: ReadonlyArray<string>, resolve: Resolve = resolveName): Egress => {
  const allowed = new BlockList()
  const hosts = new Set<string>()
  const suffixes: Array<string> = []
  for (const entry of allow) {
    const [address = "", prefix] = entry.split("/")
    const family = isIP(address)
    if (family !== 0) {
      const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix)
      allowed.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6")
    } else if (prefix !== undefined || !/^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(entry)) {
      throw new Error(`"${entry}" is no address, no CIDR block and no host name`)
    } else if (entry.startsWith(".")) suffixes.push(entry.toLowerCase())
    else hosts.add(entry.toLowerCase())
  }

  const isAllowedHost = (host: string) => {
    const name = host.toLowerCase().replace(/\.$/, "")
    return hosts.has(name) || suffixes.some((suffix) => name.endsWith(suffix))
  }

  const mayReach = (written: string): boolean => {
    const address = written.split("%")[0]!
    const family = isIP(address)
    const four = family === 4 ? address : mapped(address)
    const type = four === undefined ? "ipv6" : "ipv4"
    return allowed.check(four ?? address, type) || !inside.check(four ?? address, type)
  }

  const refusal = (written: string) => {
    const host = written.replace(/^\[|\]$/g, "")
    if (isIP(host) === 0 || mayReach(host)) return undefined
    return new EgressRefused(host, "a private, loopback, link-local or metadata address")
  }

  return {
    allow,
    refusal,
    lookup: (host, options, found) => {
      const { family, hints } = options
      const wanted = family === "IPv4" ? 4 : family === "IPv6" ? 6 : family
      const how = {
        all: true,
        ...(wanted === undefined ? {} : { family: wanted }),
        ...(hints === undefined ? {} : { hints })
      }
      resolve(host, how as { all: true }, (error, addresses) => {
        if (error !== null) return found(error, [])
        const usable = isAllowedHost(host) ? addresses : addresses.filter(({ address }) => mayReach(address))
        const first = usable[0]
        if (first === undefined) {
          const at = addresses.map(({ address }) => address).join(", ")
          return found(new EgressRefused(host, `at ${at}, a private, loopback, link-local or metadata address`), [])
        }
        if (options.all === true) found(null, usable)
        else found(null, first.address, first.family)
      })
    }
  }
}

/**
 * Puts the rule under every connection of this process, for clients that do not take a `lookup` (Kafka, SSH, the SDKs of clouds).
 * Not to be undone; for processes that run other people's code.
 */
export const guardSockets = (egress: Egress): void => {
  const connect: unknown = Reflect.get(Socket.prototype, "connect")
  if (typeof connect !== "function") return
  Reflect.set(Socket.prototype, "connect", function (this: Socket, ...args: Array<unknown>) {
    // net.connect and tls.connect hand over their arguments as an array: options first.
    const given: unknown = Array.isArray(args[0]) ? args[0][0] : args[0]
    const options: Record<string, unknown> =
      typeof given === "object" && given !== null
        ? (given as Record<string, unknown>)
        : typeof given === "string" && Number.isNaN(Number(given))
          ? { path: given }
          : { port: given, host: typeof args[1] === "string" ? args[1] : "localhost" }
    if (options !== given) {
      const listener = args.find((arg) => typeof arg === "function")
      args = listener === undefined ? [options] : [options, listener]
    }
    const { host, path } = options
    const refused =
      typeof path === "string" && path !== ""
        ? new EgressRefused(path, "a socket of this machine")
        : egress.refusal(typeof host === "string" ? host : "")
    if (refused !== undefined) {
      process.nextTick(() => this.destroy(refused))
      return this
    }
    options["lookup"] = egress.lookup
    return Reflect.apply(connect, this, args)
  })
}
