import { describe, expect, it } from 'vitest'
import type { components } from '@/api/schema'
import type { Words } from '.'
import { words as visitor } from './visitor'
import { words as workbench } from './workbench'

const leaves = (words: Words, path = ''): [string, string][] => Object.entries(words).flatMap(([key, value]) =>
  (typeof value === 'string' ? [[path + key, value] as [string, string]] : leaves(value, `${path}${key}.`)))
type Reason = components['schemas']['ChatReason']
/** All that the server may give: another does not pass the check of types. */
const REASONS: Record<Reason, true> = {
  ended: true, waiting: true, unknown: true, unknownMessage: true, empty: true, tooLong: true, picture: true, pictureKind: true, pictureDamaged: true,
  pictureLarge: true, picturesFull: true, busy: true, malformed: true, tooLate: true, recallEnded: true, refused: true,
}
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([place]) => place).sort()

describe.each([['workbench', workbench], ['visitor', visitor]])('the words of the %s', (_, { zh, en }) => {
  it('are the same keys in both languages', () => {
    expect(leaves(en).map(([key]) => key).sort()).toEqual(leaves(zh).map(([key]) => key).sort())
  })

  it('have the same places to fill, and none is empty', () => {
    const english = new Map(leaves(en))
    for (const [key, chinese] of leaves(zh)) {
      expect(chinese, key).not.toBe('')
      expect([key, ...places(english.get(key) ?? '')]).toEqual([key, ...places(chinese)])
    }
  })

  it('say each reason of the server', () => {
    for (const reason of Object.keys(REASONS)) {
      for (const language of [zh, en]) expect(leaves(language).map(([key]) => key)).toContain(`chat.why.${reason}`)
    }
  })

  it('hold nothing the formatter would trip over', () => {
    for (const [key, text] of [...leaves(zh), ...leaves(en)]) expect(text, key).not.toMatch(/[@|]/)
  })
})

describe('words', () => {
  it('are all used somewhere', () => {
    const files = import.meta.glob<string>(['/src/**/*.{ts,vue}', '!/src/i18n/**', '!/src/**/*.test.ts', '!/src/api/schema.d.ts'], { query: '?raw', import: 'default', eager: true })
    const source = Object.values(files).join('\n')
    // Of a key that is put together its beginning is known, or else its end.
    const found = (pattern: RegExp): string[] => [...new Set([...source.matchAll(pattern)].map(([, part = '']) => part))]
    const beginnings = found(/`(\w+\.[\w.]*)\$\{/g)
    const ends = found(/`\$\{[^`}]*\}((?:\.\w+)+)`/g)
    const isUsed = (key: string): boolean =>
      source.includes(`'${key}'`) || beginnings.some((beginning) => key.startsWith(beginning)) || ends.some((end) => key.endsWith(end))
    const all = [workbench, visitor].flatMap(({ zh }) => leaves(zh).map(([key]) => key))
    expect([...new Set(all)].filter((key) => !isUsed(key))).toEqual([])
  })
})
