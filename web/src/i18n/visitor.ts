import type { Language, Words } from '.'
import enCommon from './en/common'
import enVisitor from './en/visitor'
import zhCommon from './zh/common'
import zhVisitor from './zh/visitor'

export const words: Record<Language, Words> = {
  // Visitors have no account to log in to again.
  zh: { ...zhCommon, state: { ...zhCommon.state, noSession: zhVisitor.door.lost }, visitor: zhVisitor },
  en: { ...enCommon, state: { ...enCommon.state, noSession: enVisitor.door.lost }, visitor: enVisitor },
}
