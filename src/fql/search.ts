/** Substring search in linear time. V8's own takes the product of both lengths for long needles made for it. */
import { charge } from "./steps.ts"

/** Up to this product of lengths V8's search takes 0.2 ms at worst. */
const smallProduct = 1_000_000

export const search = (text: string, needle: string, from = 0): number => {
  const rest = text.length - from
  if (needle.length > rest) return -1
  if (rest * needle.length > smallProduct) return linearSearch(text, needle, from)
  const found = text.indexOf(needle, from)
  const passed = found < 0 ? rest : found - from
  charge(needle.length === 1 ? passed >> 5 : (passed >> 1) + ((passed * needle.length) >> 6))
  return found
}

/** Knuth, Morris, Pratt; the needle is not empty. */
export const linearSearch = (text: string, needle: string, from: number): number => {
  charge(text.length - from + 2 * needle.length)
  /** Of each prefix of the needle, how long its longest proper border is. */
  const borders = new Int32Array(needle.length + 1)
  let border = 0
  for (let i = 1; i < needle.length; i++) {
    const unit = needle.charCodeAt(i)
    while (border > 0 && needle.charCodeAt(border) !== unit) border = borders[border]!
    if (needle.charCodeAt(border) === unit) border++
    borders[i + 1] = border
  }
  let matched = 0
  for (let i = from; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    while (matched > 0 && needle.charCodeAt(matched) !== unit) matched = borders[matched]!
    if (needle.charCodeAt(matched) === unit) matched++
    if (matched === needle.length) return i + 1 - matched
  }
  return -1
}
