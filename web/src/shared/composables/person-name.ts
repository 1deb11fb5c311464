// How somebody is called on the pages of the staff. A visitor without a name has a short number, never the account's name:
// that is what WeChat calls them, and says nothing to anybody.

import { translate } from '@/i18n'
import { plain } from '@/i18n/isolate'

export interface Named {
  name?: string | null
  username: string
  type?: string | null
  /** Of visitors. */
  visitorNumber?: number | null
}

const isVisitor = ({ type, visitorNumber }: Named): boolean => type === 'VISITOR' || typeof visitorNumber === 'number'

/** A name to show; empty for nobody. Read where it is shown, so that it follows the language. */
export function nameOf(person: Named | null | undefined): string {
  if (!person) return ''
  const name = plain(person.name ?? '')
  if (name !== '') return name
  if (!isVisitor(person)) return person.username
  return typeof person.visitorNumber === 'number' ? translate('person.visitor', { n: person.visitorNumber }) : translate('role.visitor')
}

/** The letter on a face without a picture: of a name its last, of a number what stands before it. */
export function initialOf(person: Named | null | undefined, name: string): string {
  const letters = Array.from(name.trim())
  const isFirst = /^[\x20-\x7e]+$/.test(name) || (person !== null && person !== undefined && !person.name)
  return ((isFirst ? letters[0] : letters.at(-1)) ?? '').toUpperCase()
}
