/**
 * A way to PostgreSQL that can hold back one statement for as long as a test likes, so that it arrives late. It reads the
 * client's half of the protocol (Parse, Bind, Query) as far as it has to, to know which statement is coming.
 */
import { connect, createServer, type Socket } from "node:net"
import { addressOf, listensFor } from "./own-database.ts"

const zero = Buffer.from([0])
const textAt = (message: Buffer, from: number): readonly [text: string, next: number] => {
  const end = message.indexOf(zero, from)
  return [message.toString("utf8", from, end), end + 1]
}

/** Cuts a client's bytes into messages and knows the text of each statement that runs. */
class Statements {
  private rest: Buffer = Buffer.alloc(0)
  private started = false
  private readonly prepared = new Map<string, string>()

  /** Complete messages in the order of the bytes, with the text of the statement that a message runs. */
  read(bytes: Buffer): ReadonlyArray<readonly [message: Buffer, statement: string | undefined]> {
    const messages: Array<readonly [Buffer, string | undefined]> = []
    this.rest = Buffer.concat([this.rest, bytes])
    while (true) {
      // The first message has no type; it may be a request for encryption, which the server answers with one byte.
      const head = this.started ? 1 : 0
      if (this.rest.length < head + 4) return messages
      const length = head + this.rest.readInt32BE(head)
      if (this.rest.length < length) return messages
      const message = this.rest.subarray(0, length)
      this.rest = this.rest.subarray(length)
      const statement = this.started ? this.statementOf(message) : undefined
      if (!this.started) this.started = message.readInt32BE(4) >> 16 === 3
      messages.push([message, statement])
    }
  }

  private statementOf(message: Buffer): string | undefined {
    const type = String.fromCharCode(message[0]!)
    if (type === "Q") return textAt(message, 5)[0]
    if (type === "P") {
      const [name, next] = textAt(message, 5)
      this.prepared.set(name, textAt(message, next)[0])
    }
    return type === "B" ? this.prepared.get(textAt(message, textAt(message, 5)[1])[0]) : undefined
  }
}

/** What a connection has said since its statement was caught. */
interface Held {
  readonly upstream: Socket
  readonly bytes: Array<Buffer>
  released: boolean
}

export class LateStatement {
  readonly url: string
  private readonly matches: (statement: string) => boolean
  private caught: ((held: Held) => void) | undefined
  private held: Held | undefined

  private constructor(url: string, matches: (statement: string) => boolean) {
    this.url = url
    this.matches = matches
  }

  /** `matches`: statements to hold back, when they are no part of a transaction of several. */
  static async before(url: string, matches: (statement: string) => boolean): Promise<LateStatement> {
    const at = addressOf(url)
    const server = createServer((client) => late.pass(client, connect(at)))
    const late = new LateStatement(await listensFor(url, server), matches)
    return late
  }

  /** Resolves when the next statement that matches has been caught; its connection says nothing more. */
  async hold(): Promise<void> {
    this.held = await new Promise<Held>((resolve) => (this.caught = resolve))
  }

  /** Lets it go; answers the types of the messages that the server answers with, `E` = an error; empty: it hung up. */
  async release(): Promise<string> {
    const held = this.held!
    const { upstream, bytes } = held
    return new Promise((resolve) => {
      let answer: Buffer = Buffer.alloc(0)
      upstream.once("close", () => resolve(""))
      upstream.on("data", (part: Buffer) => {
        answer = Buffer.concat([answer, part])
        let types = ""
        for (let at = 0; at + 5 <= answer.length; at += 1 + answer.readInt32BE(at + 1))
          types += String.fromCharCode(answer[at]!)
        if (types.endsWith("Z")) resolve(types)
      })
      if (upstream.destroyed) resolve("")
      else upstream.write(Buffer.concat(bytes))
      held.released = true
    })
  }

  private pass(client: Socket, upstream: Socket): void {
    const statements = new Statements()
    let inTransaction = false
    let held: Held | undefined
    client.on("data", (bytes: Buffer) => {
      for (const [message, statement] of statements.read(bytes)) {
        if (statement !== undefined && held === undefined) {
          if (/^\s*begin/i.test(statement)) inTransaction = true
          if (/^\s*(commit|rollback)\s*$/i.test(statement)) inTransaction = false
          if (!inTransaction && this.caught !== undefined && this.matches(statement)) {
            held = { upstream, bytes: [], released: false }
            this.caught(held)
            this.caught = undefined
          }
        }
        if (held?.released === false) held.bytes.push(message)
        else upstream.write(message)
      }
    })
    upstream.on("data", (bytes: Buffer) => client.write(bytes))
    for (const [from, to] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      from.on("error", () => from.destroy())
      from.on("close", () => to.destroy())
    }
  }
}
