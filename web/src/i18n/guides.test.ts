// What the Chinese guides say of the pages: every word in 「」 is one of the pages' own, and their links lead somewhere. Their
// files are called as their English pairs are: the names stand in addresses, and not every zip, git and system reads Chinese.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorOf } from '../../guides'
import { LANGUAGES, type Words } from '.'
import { words as visitor } from './visitor'
import { words as workbench } from './workbench'
import zhDesk from './zh/desk'

const ROOT = resolve(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const GUIDES = readdirSync(join(ROOT, 'docs/zh')).filter((file) => file.endsWith('.md')).map((file) => `docs/zh/${file}`)
const CHINESE = ['README.zh-CN.md', ...GUIDES]

const leaves = (words: Words): string[] => Object.values(words).flatMap((value) => (typeof value === 'string' ? [value] : leaves(value)))
/** What a place holds is written as …, and spaces beside Chinese are a matter of taste. */
const bare = (text: string): string => text.replace(/\{\w+\}/g, '…').replace(/\s+/g, '')
/** The visitor's page has some words before any script: its frame, written by hand. */
const inFrame = (): string[] => [...read('web/visitor.html').matchAll(/lang="zh-CN">([^<]+)</g)].map(([, words = '']) => words)
const KNOWN = new Set([
  ...leaves(workbench.zh), ...leaves(visitor.zh), ...inFrame(), ...Object.values(LANGUAGES),
  // The tags to choose from are one sentence there.
  ...zhDesk.note.tags.split('、'),
].map(bare))

const anchorsIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)))

describe.each(CHINESE)('%s', (file) => {
  const text = read(file)

  it('calls what is on the pages by the words that are on the pages', () => {
    const quoted = [...text.matchAll(/「([^」]+)」/g)].map(([, words = '']) => words)
    expect(quoted.filter((words) => !KNOWN.has(bare(words)))).toEqual([])
  })

  it('leads only to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, link, source]) => link ?? source ?? '').filter((link) => !/^https?:/.test(link))
    expect(links.length).toBeGreaterThan(0)
    const lost = links.filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? join(ROOT, file) : resolve(ROOT, dirname(file), path)
      if (!existsSync(target)) return true
      return anchor !== undefined && !anchorsIn(readFileSync(target, 'utf8')).has(decodeURIComponent(anchor))
    })
    expect(lost).toEqual([])
  })

  it('calls nobody he or she', () => {
    expect([...text.matchAll(/.{0,6}(?:(?:^|[^其])他(?!人)|她).{0,6}/gm)].map(([words]) => words)).toEqual([])
  })
})

describe('the guides', () => {
  it('have words of the pages in them', () => {
    for (const file of ['counselor', 'supervisor', 'administrator', 'first-day']) {
      expect(read(`docs/zh/${file}.md`).match(/「/g)?.length ?? 0, file).toBeGreaterThan(30)
    }
  })

  it('each stand in the list of them', () => {
    const list = read('docs/zh/README.md')
    for (const file of GUIDES) if (!file.endsWith('/README.md')) expect(list, file).toContain(`](${file.slice('docs/zh/'.length)})`)
  })
})

describe('the pictures', () => {
  /** Nobody waits for a guide on a slow line, and a clone stays small. */
  const [BYTES_MAX, BYTES_MAX_TOGETHER] = [120_000, 2_000_000]
  const ALT_MIN = 6
  const there = readdirSync(join(ROOT, 'docs/screenshots'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.png')).map((file) => join('docs/screenshots', file))
  const shownIn = (file: string): { alt: string, path: string }[] =>
    [...read(file).matchAll(/!\[([^\]]*)\]\(([^)]+)\)|<img src="([^"]+)"[^>]* alt="([^"]*)"/g)]
      .map(([, alt, path, source, altOfSource]) => ({ alt: alt ?? altOfSource ?? '', path: relative(ROOT, resolve(ROOT, dirname(file), path ?? source ?? '')) }))
      .filter(({ path }) => path.endsWith('.png'))
  const shown = ['README.md', ...CHINESE].flatMap(shownIn)

  it('that are shown are there, and those that are there are shown', () => {
    expect(there.length).toBeGreaterThan(20)
    expect([...new Set(shown.map(({ path }) => path))].sort()).toEqual([...there].sort())
  })

  it('are told of in words, for whoever does not see them', () => {
    expect(shown.filter(({ alt }) => alt.length < ALT_MIN)).toEqual([])
  })

  it('are made by the tests in a browser', () => {
    const made = new Set(['story', 'guides'].flatMap((name) =>
      [...read(`web/e2e/${name}.test.ts`).matchAll(/pictures\(\w+, '([^']+)'/g)].map(([, name = '']) => `docs/screenshots/${name}.png`)))
    expect([...made].sort()).toEqual([...there].sort())
  })

  it('are small', () => {
    const sizes = there.map((file) => ({ file, bytes: statSync(join(ROOT, file)).size }))
    expect(sizes.filter(({ bytes }) => bytes > BYTES_MAX)).toEqual([])
    expect(sizes.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(BYTES_MAX_TOGETHER)
  })
})

/** Blocks of commands without their comments, which are in the reader's language. */
const commandsIn = (text: string): string[] => [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)]
  .flatMap(([, block = '']) => block.split('\n').map((line) => line.replace(/(^|\s+)#\s.*$/, '').trim()).filter((line) => line !== ''))
const linksIn = (text: string): string[] => [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, link, source]) => link ?? source ?? '')

describe('the README in Chinese', () => {
  const [english, chinese] = [read('README.md'), read('README.zh-CN.md')]

  it('has the parts, the commands and the links of the English one', () => {
    const levels = (text: string): string[] => [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^(#+) /gm)].map(([, level = '']) => level)
    expect(levels(chinese)).toEqual(levels(english))
    expect(commandsIn(chinese)).toEqual(commandsIn(english))
    const made = (text: string): string[] => [...text.matchAll(/^\| `make[^|]*/gm)].map(([row]) => row)
    expect(made(chinese)).toEqual(made(english))
    const missing = linksIn(english).filter((link) => link !== 'README.zh-CN.md' && !linksIn(chinese).includes(link))
    expect(missing).toEqual([])
  })

  it('and the English one lead to each other before anything else', () => {
    expect(linksIn(english)[0]).toBe('README.zh-CN.md')
    expect(linksIn(chinese)[0]).toBe('README.md')
  })
})

describe('the Chinese guide to operation', () => {
  const [english, chinese] = [read('docs/operations.md'), read('docs/zh/operations.md')]
  /** Settings, variables, figures, commands and files: what an operator types or searches for. */
  const named = (text: string): Set<string> => new Set([...text.matchAll(/`([^`\n]+)`/g)]
    .map(([, words = '']) => words)
    .filter((words) => /^(hotline[_ ][\w -]+|process_\w+|_\w+|[a-z]+\.[a-z_]+|\[\[\w+\]\]|HOTLINE__\w+|DATABASE_URL|\/[\w/.]+|[a-z_]+\.\w+ = .+)$/.test(words))
    .filter((words) => !/\.rs$/.test(words)))

  it('names every setting, figure and command of the English one', () => {
    expect(named(english).size).toBeGreaterThan(50)
    expect([...named(english)].filter((words) => !chinese.includes(words))).toEqual([])
  })

  it('has its commands', () => {
    expect(commandsIn(chinese)).toEqual(commandsIn(english))
  })
})
