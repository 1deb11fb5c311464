// The filters of a list live in the URL: a reload, the back button and a link to a colleague show the same rows. But a
// browser keeps every address it was at on its disk, so what was typed into one, a name or a number, is not in it: the
// address has a mark, and the words are kept sealed under it (`shared/kept/words.ts`). To a colleague the mark says nothing.

import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { discardTyped, saveTyped, places, SOUGHT, typedAt } from '@/shared/kept/words'

export type Filter = string | number | boolean | null
export type Filters = Record<string, Filter>

/** `text` as the kind of value that `standard` is; null stands for "any text or none". */
export function readFilter<T extends Filter>(text: string | null | undefined, standard: T): T {
  if (text === null || text === undefined) return standard
  switch (typeof standard) {
    case 'number': {
      const number = Number(text)
      return (text !== '' && Number.isFinite(number) ? number : standard) as T
    }
    case 'boolean':
      return (text === 'true') as T
    default:
      return text as T
  }
}

type Wide<V> = V extends string ? string : V extends number ? number : V extends boolean ? boolean : string | null
export type Widened<T> = { [K in keyof T]: Wide<T[K]> }

/** In the URL. */
const MARK = 'sought' as const
/** So many searches are found again by the back button. */
const SOUGHT_MAX = 50

/** What was typed, under a mark that the address may have. */
function typedUnder(mark: string | null | undefined): Record<string, string> {
  const kept = mark ? typedAt(SOUGHT + mark) : ''
  return kept === '' ? {} : JSON.parse(kept) as Record<string, string>
}

/** Keeps what is looked for, and says how the address has it. */
export function queryFor(typed: Record<string, string>): { sought: string } {
  // Those of before come first, also after a reload.
  const mark = Date.now().toString(36) + Math.random().toString(36).slice(2, 8)
  saveTyped(SOUGHT + mark, JSON.stringify(typed))
  const gone = new Set(places(SOUGHT).slice(0, -SOUGHT_MAX))
  discardTyped((place) => gone.has(place))
  return { [MARK]: mark }
}

/**
 * One writable value for each of `standards`, and for each of `typed`, which are words that somebody types. What has its
 * standard value is not in the URL. Changing any but `page` goes back to the first page.
 */
export function useUrlFilters<T extends Filters, W extends Record<string, string> = Record<never, string>>(
  standards: T, typed: W = {} as W,
): {
  filters: WritableComputedRef<Widened<T & W>>
  change: (some: Partial<Widened<T & W>>) => void
  reset: () => void
} {
  const route = useRoute()
  const router = useRouter()
  const at = (name: string): string | null | undefined => [route.query[name]].flat()[0]

  const filters = computed<Widened<T & W>>({
    get: () => {
      const inUrl = Object.entries(standards).map(([name, standard]) => [name, readFilter(at(name), standard)] as const)
      return Object.fromEntries([...inUrl, ...Object.entries({ ...typed, ...typedUnder(at(MARK)) })]) as Widened<T & W>
    },
    set: (all) => { write(all) },
  })

  function write(all: Widened<T & W>): void {
    const query = { ...route.query }
    const put = (name: string, value: Filter): void => {
      if (value === null || value === '') Reflect.deleteProperty(query, name)
      else query[name] = String(value)
    }
    for (const [name, standard] of Object.entries(standards)) {
      const value = (all as Filters)[name] ?? null
      put(name, value === standard ? null : value)
    }
    // An address of somewhere else may have them.
    for (const name of Object.keys(typed)) put(name, null)
    const words = Object.fromEntries(Object.keys(typed).map((name) => [name, (all as Record<string, string>)[name] ?? '']).filter(([, word]) => word !== ''))
    if (Object.keys(words).length === 0) put(MARK, null)
    else if (JSON.stringify(words) !== JSON.stringify(typedUnder(at(MARK)))) Object.assign(query, queryFor(words))
    void router.replace({ query })
  }

  function change(some: Partial<Widened<T & W>>): void {
    const first = 'page' in standards && !('page' in some) ? { page: standards.page } : {}
    write({ ...filters.value, ...first, ...some })
  }

  return { filters, change, reset: () => { write({ ...standards, ...typed } as unknown as Widened<T & W>) } }
}
