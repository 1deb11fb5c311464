// What the two in a talk are told, in both languages: one file for the server, which writes the Chinese into the record,
// and for the pages. The key is the notice's kind; `{left}` is its seconds, as minutes where they are whole.

import type { Language } from '.'
import notices from './notices.json'

/** The sentences by kind, in this language. */
export const noticesIn = (language: Language): Record<string, string> =>
  Object.fromEntries(Object.entries(notices).map(([kind, words]) => [kind, words[language]]))
