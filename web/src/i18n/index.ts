// The words of the pages. Chinese is the first language and decides which keys there are.

import { createI18n, type I18n } from 'vue-i18n'
import { isolated } from './isolate'

export type Language = 'zh' | 'en'
/** A tree of words. */
export interface Words { [key: string]: string | Words }

const CHOSEN = 'hotline.language'
export const LANGUAGES: Record<Language, string> = { zh: '中文', en: 'English' }

function preferred(): Language {
  const chosen = localStorage.getItem(CHOSEN)
  if (chosen === 'zh' || chosen === 'en') return chosen
  return navigator.language.startsWith('zh') || !navigator.language ? 'zh' : navigator.language.startsWith('en') ? 'en' : 'zh'
}

/** What fills a place: `MessageContext` of vue-i18n. */
interface Given { named: (key: string) => unknown }

/** Our words have places `{name}` and nothing else; whatever fills one cannot turn the words around it. */
const compiled = (words: string) => (given: Given): string =>
  words.replace(/\{(\w+)\}/g, (_, place: string) => isolated(String(given.named(place) ?? '')))

let instance: I18n<Record<string, never>, Record<string, never>, Record<string, never>, string, false> | null = null

export function makeI18n(words: Record<Language, Words>): NonNullable<typeof instance> {
  instance = createI18n({
    legacy: false,
    locale: preferred(),
    fallbackLocale: 'zh',
    messages: words as never,
    messageCompiler: compiled as never,
    missingWarn: import.meta.env.DEV,
    fallbackWarn: import.meta.env.DEV,
  }) as unknown as NonNullable<typeof instance>
  showLanguage()
  return instance
}

/** For what speaks outside of a component. */
export const translate = (key: string, given: Record<string, unknown> = {}): string => instance?.global.t(key, given) ?? key

export const language = (): Language => (instance?.global.locale.value === 'en' ? 'en' : 'zh')

export function speak(chosen: Language): void {
  if (instance === null) return
  instance.global.locale.value = chosen
  localStorage.setItem(CHOSEN, chosen)
  showLanguage()
}

function showLanguage(): void {
  document.documentElement.lang = language() === 'en' ? 'en' : 'zh-CN'
}
