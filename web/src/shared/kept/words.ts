// What people typed and did not send or save yet: drafts, notes, what they look for in a list. It lives in memory. For a
// reload, and for the same person after an expiry, the window's storage has a copy; and since a browser writes that to its
// disk, the copy is sealed with a key that only the server can make, that it gives to this person alone, and that is kept
// nowhere here: without their log-in it is noise. Where a browser has no WebCrypto, as over plain http from another machine,
// there is no copy.

import { shallowReactive } from 'vue'
import { keysOf, removeFrom } from './storage'

/** So begin the keys of the copies. */
const SEALED = 'hotline.sealed.'
/** As AES-GCM wants it. */
const NONCE_BYTES = 12

/** Where something is typed, without the id of what it belongs to. */
export const DRAFT = 'draft.'
export const NOTE = 'note.'
export const SOUGHT = 'sought.'

interface Entry {
  words: string
  /** Whether the storage has a copy of these very words. */
  isSealed: boolean
}

/** Reactive: what was typed is shown wherever it is read. */
const entries = shallowReactive(new Map<string, Entry>())
/** Whose they are. */
let owner: string | null = null
/** Null while nobody is logged in. */
let seal: CryptoKey | null = null

/** Sealed for its place: at another it does not open. */
const cipher = (place: string, iv: BufferSource): AesGcmParams => ({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(place) })
const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))

async function sealed(place: string, words: string, by: CryptoKey): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  const text = await crypto.subtle.encrypt(cipher(place, nonce), by, new TextEncoder().encode(words))
  return btoa(Array.from([...nonce, ...new Uint8Array(text)], (byte) => String.fromCharCode(byte)).join(''))
}

/** Null if it was sealed for another person or place, with a key of another time, or is nothing of ours. */
async function opened(place: string, text: string, by: CryptoKey): Promise<string | null> {
  try {
    const bytes = bytesOf(text)
    const words = await crypto.subtle.decrypt(cipher(place, bytes.slice(0, NONCE_BYTES)), by, bytes.slice(NONCE_BYTES))
    return new TextDecoder().decode(words)
  } catch {
    return null
  }
}

/** What was typed there; empty if nothing. */
export const typedAt = (place: string): string => entries.get(place)?.words ?? ''

/** Where something was typed. */
export const places = (beginning: string): string[] => [...entries.keys()].filter((place) => place.startsWith(beginning))

/** Keeps what stands there now; empty keeps nothing. */
export function saveTyped(place: string, words: string): void {
  if (words === '') {
    discardTyped((one) => one === place)
  } else if (typedAt(place) !== words) {
    entries.set(place, { words, isSealed: false })
    void copy(place)
  }
}

/** Puts a sealed copy into the storage, unless there are other words by then. */
async function copy(place: string): Promise<void> {
  const entry = entries.get(place)
  if (entry === undefined || entry.isSealed || seal === null) return
  const text = await sealed(place, entry.words, seal)
  if (entries.get(place) !== entry) return
  try {
    sessionStorage.setItem(SEALED + place, text)
    entry.isSealed = true
  } catch {
    // There is no room. The words are in memory still, and no copy is better than an old one.
    sessionStorage.removeItem(SEALED + place)
  }
  forgetSealed()
}

/** While nobody is logged in, what can be found again is not held in clear either. */
function forgetSealed(): void {
  if (seal !== null) return
  for (const [place, { isSealed }] of [...entries]) if (isSealed) entries.delete(place)
}

/** None of it can be found again, here or in the storage. */
export function discardTyped(isToGo: (place: string) => boolean = () => true): void {
  [...entries.keys()].filter(isToGo).forEach((place) => { entries.delete(place) })
  removeFrom(sessionStorage, (key) => key.startsWith(SEALED) && isToGo(key.slice(SEALED.length)))
}

/** What was begun in a talk that is over: nobody can send it any more. */
export const forgetDraft = (conversation: string): void => { discardTyped((place) => place === DRAFT + conversation) }

/**
 * Somebody is logged in, and the server told their key: what they typed is there again. What was typed meanwhile wins; what
 * does not open goes. Nothing of another person stays.
 */
export async function unlock(person: string, key: string | undefined): Promise<void> {
  if (owner !== null && owner !== person) discardTyped()
  owner = person
  seal = null
  // The types say that it is always there.
  const subtle = crypto.subtle as SubtleCrypto | undefined
  if (subtle === undefined || key === undefined) return
  const by = await subtle.importKey('raw', bytesOf(key), 'AES-GCM', false, ['encrypt', 'decrypt'])
  seal = by
  for (const place of keysOf(sessionStorage).filter((one) => one.startsWith(SEALED)).map((one) => one.slice(SEALED.length))) {
    const text = sessionStorage.getItem(SEALED + place) ?? ''
    const words = await opened(place, text, by)
    // They left again, or came once more.
    if (seal !== by) return
    if (sessionStorage.getItem(SEALED + place) !== text || entries.has(place)) continue
    if (words === null) {
      sessionStorage.removeItem(SEALED + place)
      // eslint-disable-next-line no-console -- for whoever looks for a draft that is gone
      console.debug('Something that was kept here does not open any more, and is dropped.')
    } else {
      entries.set(place, { words, isSealed: true })
    }
  }
  await Promise.all([...entries.keys()].map(copy))
}

/** Nobody is logged in any more. What was typed waits, sealed, for the same person. */
export function lock(): void {
  seal = null
  forgetSealed()
}
