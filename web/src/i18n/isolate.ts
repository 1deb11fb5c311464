// What somebody typed, put into a sentence of ours: it must not turn the sentence's own words around.

/** Embeddings, overrides and isolates: nothing that a name needs, and an unpaired end would open whatever encloses it. */
const CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g
/** Letters written from right to left, and the marks that say so. */
const FROM_THE_RIGHT = /[\u0590-\u08FF\u200F\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u
const FIRST_STRONG_ISOLATE = '\u2068'
const POP_ISOLATE = '\u2069'

/** Without what turns letters around: for a name that stands by itself. */
export const plain = (text: string): string => text.replace(CONTROLS, '')

/** For a place in a sentence. What is written from left to right is left alone: it moves nothing. */
export function isolated(text: string): string {
  const words = plain(text)
  return FROM_THE_RIGHT.test(words) ? `${FIRST_STRONG_ISOLATE}${words}${POP_ISOLATE}` : words
}
