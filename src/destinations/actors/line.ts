/** First in, first out, without moving what is left at every step. */
export class Line<A> {
  #items: Array<A> = []
  #from = 0

  get length(): number {
    return this.#items.length - this.#from
  }

  get first(): A | undefined {
    return this.#items[this.#from]
  }

  push(item: A): void {
    this.#items.push(item)
  }

  shift(): A | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#from++]
    if (this.#from > 1000 && this.#from * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#from)
      this.#from = 0
    } else if (this.#from === this.#items.length) {
      this.#items = []
      this.#from = 0
    }
    return item
  }
}
