// The pages' own words, so that a better wording breaks no test.

import type { Language, Words } from '../../src/i18n'
import { isolated } from '../../src/i18n/isolate'
import { words as visitor } from '../../src/i18n/visitor'
import { words as workbench } from '../../src/i18n/workbench'

const all: Record<Language, Words> = {
  zh: { ...workbench.zh, ...visitor.zh },
  en: { ...workbench.en, ...visitor.en },
}

export function t(key: string, given: Record<string, string | number> = {}, language: Language = 'zh'): string {
  const found = key.split('.').reduce<string | Words | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), all[language])
  if (typeof found !== 'string') throw new Error(`There are no words '${key}'.`)
  return found.replace(/\{(\w+)\}/g, (whole, name: string) => isolated(String(given[name] ?? whole)))
}

/** The names of all groups of words: what stands before the dot of a key. */
export const GROUPS = Object.keys(all.zh)
