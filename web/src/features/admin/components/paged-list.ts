// A list of several pages. What is asked for stands in the URL (`shared/composables/url-filters.ts`); the list is asked
// for again whenever that changes. `paged-table.vue` shows its rows, `filter-bar.vue` the way back from its filters.

import { computed, watch, type ComputedRef } from 'vue'
import { useRoute } from 'vue-router'
import type { Listed } from '@/api/types'
import { useLoading, type Loaded } from '@/shared/composables/loading'
import { useUrlFilters, type Filters, type Widened } from '@/shared/composables/url-filters'

interface Page { page: number, size: number }

/** Rows per page to choose from; the server gives at most 200. */
export const SIZES = [10, 20, 50, 100]
const SIZE_MAX = 200

/** The page to ask for: from 1, whatever somebody wrote into the URL. */
export const pageOf = (page: number): number => Math.max(1, Math.floor(page))
/** As many rows as one may ask for. */
export const sizeOf = (size: number): number => Math.min(SIZE_MAX, Math.max(1, Math.floor(size)))
/** The page that has the last of `count` rows. */
export const lastPage = (count: number, size: number): number => Math.max(1, Math.ceil(count / sizeOf(size)))

/** What a list may be asked for: every value as it is at first. */
interface Standards<V, C, T> {
  /** Rows of a page. */
  size: number
  /** Which list, and in which order: no filters, and they stay when the filters are cleared. */
  view?: V
  /** Filters that are chosen: they stand in the URL as they are. */
  chosen?: C
  /** Filters that are typed, a name or a number: the URL only has a mark for them. */
  typed?: T
}

/** As much of a list as its table and its filters need to know. */
export interface PagedList<R> extends Loaded<Listed<R>> {
  /** The page that is shown, and of how many rows. */
  page: ComputedRef<number>
  size: ComputedRef<number>
  turn: (to: { page: number, size?: number }) => void
  /** Whether any filter is set. */
  isFiltered: ComputedRef<boolean>
  clear: () => void
}

interface Asked<F> {
  /** What is asked for: a page that the server knows, whatever the URL says. */
  filters: ComputedRef<F>
  /** Changes some of it, and goes back to the first page. */
  change: (some: Partial<F>) => void
}

export function usePagedList<R, V extends Filters, C extends Filters, T extends Record<string, string>>(
  { size, view = {} as V, chosen = {} as C, typed = {} as T }: Standards<V, C, T>,
  ask: (filters: Widened<V & C & T> & Page) => Promise<Listed<R>>,
): PagedList<R> & Asked<Widened<V & C & T> & Page> {
  const { filters: inUrl, change } = useUrlFilters<V & C & Page, T>({ ...view, ...chosen, page: 1, size }, typed)
  type Wanted = Widened<V & C & T> & Page
  const filters = computed<Wanted>(() => {
    const asked = inUrl.value as Wanted
    return { ...asked, page: pageOf(asked.page), size: sizeOf(asked.size) }
  })
  const clearable: Filters = { ...chosen, ...typed }
  const isFiltered = computed(() => Object.entries(clearable).some(([name, standard]) => (filters.value as Filters)[name] !== standard))

  const route = useRoute()
  const here = route.name
  const loaded = useLoading(() => ask(filters.value))

  async function load(): Promise<void> {
    await loaded.load()
    // The last row of the last page may have been deleted.
    const { data } = loaded
    if (data.value?.rows.length !== 0 || data.value.count === 0) return
    const last = lastPage(data.value.count, filters.value.size)
    if (filters.value.page > last) turn({ page: last })
  }

  const changeSome = (some: Partial<Wanted>): void => { change(some as Parameters<typeof change>[0]) }
  const turn = (to: { page: number, size?: number }): void => { changeSome(to as Partial<Wanted>) }
  const clear = (): void => { changeSome(clearable as Partial<Wanted>) }

  watch(() => JSON.stringify(filters.value), () => {
    // On the way to another page its URL is already there.
    if (route.name === here) void load()
  }, { immediate: true })
  return {
    ...loaded, load, filters, change: changeSome, turn, isFiltered, clear,
    page: computed(() => filters.value.page), size: computed(() => filters.value.size),
  }
}
