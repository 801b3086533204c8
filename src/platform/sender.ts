/** Who sent a request, as far as that can be known (ING-71): the peer, or what trusted proxies say about it. */
import { Data } from "effect"
import type { IncomingMessage } from "node:http"
import { BlockList, isIP } from "node:net"

/** A setting does not say what it must. */
export class SettingInvalid extends Data.TaggedError("SettingInvalid")<{
  readonly setting: string
  readonly value: string
  readonly expected: string
}> {
  override get message() {
    return `${this.setting} is "${this.value}", but must be ${this.expected}. Correct it and start again.`
  }
}

export interface Senders {
  /** The peer is one of our own proxies, whose `X-Forwarded-*` headers are believed. */
  readonly isBehindProxy: (req: IncomingMessage) => boolean
  /** The right-most address that is none of our proxies; `""` when the connection is already gone. */
  readonly addressOf: (req: IncomingMessage) => string
}

const familyOf = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4")
/** `::ffff:1.2.3.4` is IPv4 that came in through a dual socket. */
const unwrapped = (address: string) => (/^::ffff:[\d.]+$/i.test(address) ? address.slice(7) : address)
/** One hop of `X-Forwarded-For`, which some proxies write with a port. */
const hopAddress = (hop: string) =>
  unwrapped(
    hop
      .trim()
      .replace(/^\[([^\]]*)\](:\d+)?$/, "$1")
      .replace(/^([\d.]+):\d+$/, "$1")
  )

const peerOf = (req: IncomingMessage) => unwrapped(req.socket.remoteAddress ?? "")

/** `trusted` are addresses or CIDR blocks. Throws `SettingInvalid`. */
export const makeSenders = (trusted: ReadonlyArray<string>): Senders => {
  const proxies = new BlockList()
  for (const entry of trusted) {
    const [address = "", bits, ...rest] = entry.split("/")
    const prefix = bits === undefined ? undefined : Number(bits)
    const max = isIP(address) === 6 ? 128 : 32
    const isPrefix = prefix === undefined || (/^\d+$/.test(bits!) && prefix <= max)
    if (isIP(address) === 0 || rest.length > 0 || !isPrefix) {
      throw new SettingInvalid({
        setting: "BRAID_TRUSTED_PROXIES",
        value: entry,
        expected: "an IP address or a CIDR block such as 10.0.0.0/8"
      })
    }
    if (prefix === undefined) proxies.addAddress(address, familyOf(address))
    else proxies.addSubnet(address, prefix, familyOf(address))
  }
  const isProxy = (address: string) => isIP(address) !== 0 && proxies.check(address, familyOf(address))
  if (trusted.length === 0) return { isBehindProxy: () => false, addressOf: peerOf }

  return {
    isBehindProxy: (req) => isProxy(peerOf(req)),
    addressOf: (req) => {
      let address = peerOf(req)
      const forwarded = req.headers["x-forwarded-for"]
      if (forwarded === undefined || !isProxy(address)) return address
      const hops = (Array.isArray(forwarded) ? forwarded.join(",") : forwarded).split(",")
      for (let n = hops.length - 1; n >= 0 && isProxy(address); n--) {
        const hop = hopAddress(hops[n]!)
        if (isIP(hop) === 0) break
        address = hop
      }
      return address
    }
  }
}
