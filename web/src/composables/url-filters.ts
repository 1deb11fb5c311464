// The filters of a list live in the URL: a reload, the back button and a link to a colleague show the same rows.

import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

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
type Widened<T> = { [K in keyof T]: Wide<T[K]> }

/**
 * One writable value for each of `standards`. What has its standard value is not in the URL. Changing any but `page`
 * goes back to the first page.
 */
export function useUrlFilters<T extends Filters>(standards: T): {
  filters: WritableComputedRef<Widened<T>>
  change: (some: Partial<Widened<T>>) => void
  reset: () => void
} {
  const route = useRoute()
  const router = useRouter()

  const filters = computed<Widened<T>>({
    get: () => Object.fromEntries(Object.entries(standards).map(([name, standard]) => {
      const [text] = [route.query[name]].flat()
      return [name, readFilter(text, standard)]
    })) as Widened<T>,
    set: (all) => { write(all) },
  })

  function write(all: Widened<T>): void {
    const query = { ...route.query }
    for (const [name, standard] of Object.entries(standards)) {
      const value = (all as Filters)[name] ?? null
      if (value === standard || value === null || value === '') {
        Reflect.deleteProperty(query, name)
      } else {
        query[name] = String(value)
      }
    }
    void router.replace({ query })
  }

  function change(some: Partial<Widened<T>>): void {
    const first = 'page' in standards && !('page' in some) ? { page: standards.page } : {}
    write({ ...filters.value, ...first, ...some })
  }

  return { filters, change, reset: () => { write(standards as unknown as Widened<T>) } }
}
