import type { Language, Words } from '.'
import enCommon from './en/common'
import enVisitor from './en/visitor'
import zhCommon from './zh/common'
import zhVisitor from './zh/visitor'

export const words: Record<Language, Words> = {
  zh: { ...zhCommon, visitor: zhVisitor },
  en: { ...enCommon, visitor: enVisitor },
}
