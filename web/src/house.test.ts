// The laws of the house, read from the files: who may import what.

import { describe, expect, it } from 'vitest'

const FILES = import.meta.glob<string>(['/src/**/*.{ts,vue}', '!/src/api/schema.d.ts', '!/src/auto-imports.d.ts', '!/src/components.d.ts'], {
  query: '?raw', import: 'default', eager: true,
})

interface Import { file: string, names: string[], from: string }

/** `./x` and `@/x` as a path below `src`; a package by its name. */
function below(file: string, from: string): string {
  if (from.startsWith('@/')) return from.slice(2)
  if (!from.startsWith('.')) return `package:${from}`
  return new URL(from, `http://host/${file}`).pathname.slice(1)
}

/** Of names alone, of whole modules, by `import()`, of types, passed on, and mocked. */
const IMPORT = /(?:\b(?:import|export)\s+(?:type\s+)?([^'";]*?)\s+from\s+|\bimport\s+|\bimport\(\s*|\bvi\.mock\(\s*)'([^']+)'/g

const imports: Import[] = Object.entries(FILES).flatMap(([path, text]) => {
  const file = path.replace('/src/', '')
  return [...text.matchAll(IMPORT)].map(([, names = '*', from = '']) => ({
    file,
    names: names.startsWith('{') ? names.replace(/[{}]/g, '').split(',').map((name) => name.replace(/\btype\b|\bas\b.*/g, '').trim()).filter(Boolean) : ['*'],
    from: below(file, from),
  }))
})

/** What knows how the server is asked: nobody outside `api/` takes it. `*` is the whole module. */
const RAW: Record<string, string[]> = {
  'api/client': ['*'],
  'api/session': ['api', 'rawFetch', '*'],
  'api/answer': ['result', 'rows', 'refused', '*'],
  'api/schema': ['*'],
  'package:openapi-fetch': ['*'],
}
/**
 * The floors, from the ground up: a file imports from its own and from those listed. The workbench puts the features
 * together; the visitor's page is a feature that stands alone. Tests may also take words and helpers for tests.
 */
const FLOORS: Record<string, string[]> = {
  i18n: [],
  api: ['i18n'],
  shared: ['api', 'i18n'],
  'features/desk': ['shared', 'api', 'i18n'],
  'features/admin': ['shared', 'api', 'i18n'],
  'features/visitor': ['shared', 'api', 'i18n'],
  workbench: ['features/desk', 'features/admin', 'shared', 'api', 'i18n'],
}
const FOR_TESTS = ['i18n', 'api', 'testing']

/** Where the visitor's page begins, and all that it asks the server: whoever looks into it finds no path of the staff's. */
const VISITORS_ENTRY = 'features/visitor/main.ts'
const VISITORS_PATHS = [
  '/arrange/theday', '/auth/me', '/auth/wx/…/login', '/config', '/conversation', '/conversation/current', '/conversation/end/{id}',
  '/conversation/{id}', '/evaluate', '/im/image', '/im/say', '/im/sign', '/logout', '/message/conversation/web', '/message/unread',
  '/user/update',
]
/** A request by the client of `api/`, or around it. */
const ASKING = /\.(?:GET|POST|PUT|DELETE|PATCH)\(|\b(?:XMLHttpRequest|EventSource|sendBeacon)\b/
/** Something is said to be of another type. */
const CAST = /[\w)\]}'] as (?!const\b)[A-Za-z{('"]/
const linesOf = (text: string): string[] =>
  text.split('\n').filter((line) => !/^\s*(import|\/\/|\*|\/\*)/.test(line)).map((line) => line.trim())
/** What was waited for, or a type that `api/` has, under whatever name: where it is cast, `api/` does not say what is answered. */
function castsOfAnswers(text: string): string[] {
  const ours = [...text.matchAll(/import\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'@\/api\/[^']+'/g)]
    .flatMap(([, names = '']) => names.split(',').map((name) => name.trim().split(/\s+/).at(-1) ?? '')).filter(Boolean)
  const isOurs = ours.length === 0 ? null : new RegExp(` as (?:unknown as )?(?:readonly )?(?:\\w+<)?(?:${ours.join('|')})\\b`)
  return linesOf(text).filter((line) => isOurs?.test(line) || (/\bawait\b/.test(line) && CAST.test(line.replace(/^.*?\bawait\b/, ''))))
}
/** A path where the server is asked: of the client, or of a fetch. */
const PATH = /\b(?:GET|POST|PUT|DELETE|PATCH|rawFetch|download)\(\s*['`](\/[^'`?]*)/g

/** A file of ours by what is imported; none for packages, and for what is no code. */
const fileOf = (path: string): string | undefined =>
  [path, `${path}.ts`, `${path}/index.ts`].find((file) => FILES[`/src/${file}`] !== undefined)

/** Every file that `entry` brings with it, itself too, at once or when it is asked for. */
function broughtBy(entry: string): Set<string> {
  const brought = new Set([entry])
  for (const file of brought) {
    for (const { from } of imports.filter((one) => one.file === file)) {
      const next = fileOf(from)
      if (next !== undefined) brought.add(next)
    }
  }
  return brought
}

const floorOf = (path: string): string | undefined => Object.keys(FLOORS).find((floor) => path === floor || path.startsWith(`${floor}/`))

const told = ({ file, from, names }: Import): string => `${file} imports ${names.join(', ')} of ${from}`

describe('the house', () => {
  it('is read as a whole', () => {
    expect(imports.length).toBeGreaterThan(800)
    expect(imports.filter(({ from }) => from === 'api/session').length).toBeGreaterThan(8)
  })

  it('asks the server in the modules of api/ alone', () => {
    const isRaw = ({ from, names }: Import): boolean => {
      const raw = RAW[from]
      return raw !== undefined && (raw[0] === '*' || names.some((name) => raw.includes(name)))
    }
    // A test may stand in for the server, or hold the words of the pages to what it can answer.
    const outside = imports.filter(({ file }) => !file.startsWith('api/') && !file.endsWith('.test.ts'))
    expect(outside.filter(isRaw).map(told)).toEqual([])
    const fetching = Object.entries(FILES).filter(([path, text]) => !path.startsWith('/src/api/') && !path.endsWith('.test.ts') && /(?:^|[^\w.])fetch\(/.test(text))
    expect(fetching.map(([path]) => path)).toEqual([])
  })

  it('has its floors: no feature takes of another, and what is shared of none', () => {
    const isOurs = ({ from }: Import): boolean => !/^package:|^(?:.*\/)?(?:docs\/zh\/|guides$|visitor\.html)/.test(from)
    const upward = imports.filter(isOurs).filter(({ file, from }) => {
      const floor = floorOf(file)
      if (floor === undefined) return file !== 'house.test.ts' && !file.startsWith('testing/')
      const to = from.split('/')[0] === 'testing' ? 'testing' : floorOf(from)
      const allowed = [floor, ...FLOORS[floor] ?? [], ...file.endsWith('.test.ts') ? FOR_TESTS : []]
      return to === undefined || !allowed.includes(to)
    })
    expect(upward.map(told)).toEqual([])
    // Every file stands on a floor.
    const homeless = Object.keys(FILES).map((path) => path.replace('/src/', ''))
      .filter((file) => floorOf(file) === undefined && !/^(?:testing\/|house\.test\.ts$|env\.d\.ts$)/.test(file))
    expect(homeless).toEqual([])
  })

  it('has no request of the staff in the visitor\'s page', () => {
    const brought = [...broughtBy(VISITORS_ENTRY)]
    expect(brought).toContain('features/visitor/pages/history.vue')
    const paths = brought.flatMap((file) => [...(FILES[`/src/${file}`] ?? '').matchAll(PATH)].map(([, path = '']) => path.replace(/\$\{\w+\}/g, '…')))
    expect([...new Set(paths)].sort()).toEqual(VISITORS_PATHS)
    // The same look finds those of the staff in the workbench.
    const staff = [...broughtBy('workbench/main.ts')].filter((file) => !brought.includes(file) && file.startsWith('api/'))
    expect(staff.sort()).toEqual(['auth', 'conversations', 'exports', 'people', 'records', 'shifts', 'statistics', 'unmatched'].map((name) => `api/${name}.ts`))
  })

  it('asks the server in the modules of api/ alone: no method of the client is called elsewhere', () => {
    const asking = Object.entries(FILES).filter(([path]) => !path.startsWith('/src/api/') && !path.endsWith('.test.ts'))
      .flatMap(([path, text]) => linesOf(text).filter((line) => ASKING.test(line)).map((line) => `${path}: ${line}`))
    expect(asking).toEqual([])
  })

  it('says what an answer is in api/ too: a component casts nothing, and what else a feature has casts no answer', () => {
    const components = Object.entries(FILES).filter(([path]) => path.endsWith('.vue'))
    const features = Object.entries(FILES).filter(([path]) => path.startsWith('/src/features/') && !path.endsWith('.test.ts'))
    const cast = [
      ...components.flatMap(([path, text]) => linesOf(text).filter((line) => CAST.test(line)).map((line) => `${path}: ${line}`)),
      ...features.flatMap(([path, text]) => castsOfAnswers(text).map((line) => `${path}: ${line}`)),
    ]
    expect(cast).toEqual([])
  })

  it.each([
    ['import type { Person } from \'@/api/types\'\nconst all = (await ask()) as Person[]', ['const all = (await ask()) as Person[]']],
    ['import { ask, type Person as SomePerson } from \'@/api/people\'\nlet one: unknown = ask()\nlisten(one as unknown as SomePerson)', ['listen(one as unknown as SomePerson)']],
    ['const one = await ask() as { id: string }', ['const one = await ask() as { id: string }']],
    ['import { one } from \'./one\'\nconst kinds = [\'a\', \'b\'] as const', []],
  ])('finds a cast of an answer: %s', (text, found) => {
    expect(castsOfAnswers(text)).toEqual(found)
  })
})
