/** The way back of `encrypt.ts`, for whoever holds the private key (PRV-54). Nothing of the service decrypts. */
import { constants, createPrivateKey, privateDecrypt } from "node:crypto"

const block = /^[A-Za-z0-9+/]+={0,2}$/

/** The text, or the JSON text of what was no text. Throws what is wrong, in words. */
export const decryptField = (privateKey: string, value: string): string => {
  const blocks = value.trim().split(".")
  if (!blocks.every((text) => block.test(text)))
    throw new Error("The value is not encrypted: expected base64, or several of them joined by dots.")
  let key
  try {
    key = createPrivateKey(privateKey)
  } catch {
    throw new Error("The key is no private key: expected PKCS#8 PEM, as it was shown when the keys were generated.")
  }
  const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }
  try {
    return Buffer.concat(blocks.map((text) => privateDecrypt(options, Buffer.from(text, "base64")))).toString()
  } catch {
    throw new Error("The key does not open the value: it was encrypted for another key, or it is not complete.")
  }
}
