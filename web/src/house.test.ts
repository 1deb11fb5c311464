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

  it('says what an answer is in api/ too, and casts nothing in a component', () => {
    const cast = Object.entries(FILES).filter(([path]) => path.endsWith('.vue')).flatMap(([path, text]) =>
      text.split('\n').filter((line) => !/^\s*(import|\/\/|\*|\/\*)/.test(line) && /[\w)\]}'] as (?!const\b)[A-Za-z{('"]/.test(line)).map((line) => `${path}: ${line.trim()}`))
    expect(cast).toEqual([])
  })
})
