import type { Language, Words } from '.'
import enAdmin from './en/admin'
import enCommon from './en/common'
import enDesk from './en/desk'
import zhAdmin from './zh/admin'
import zhCommon from './zh/common'
import zhDesk from './zh/desk'

export const words: Record<Language, Words> = {
  zh: { ...zhCommon, desk: zhDesk, admin: zhAdmin },
  en: { ...enCommon, desk: enDesk, admin: enAdmin },
}
