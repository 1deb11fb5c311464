// A list whose filters are in the URL: asked again whenever they change.

import { watch, type Ref } from 'vue'
import { useRoute } from 'vue-router'
import { useLoading, type Loaded } from '@/shared/composables/loading'

export interface Listed<R> { rows: R[], count: number }

/** Rows per page to choose from; the server gives at most 200. */
export const SIZES = [10, 20, 50, 100]

/** The page to ask for: from 1, whatever somebody wrote into the URL. */
export const pageOf = (page: number): number => Math.max(1, Math.floor(page))
/** As many rows as one may ask for. */
export const sizeOf = (size: number): number => Math.min(200, Math.max(1, Math.floor(size)))
/** The page that has the last of `count` rows. */
export const lastPage = (count: number, size: number): number => Math.max(1, Math.ceil(count / sizeOf(size)))

export function useListing<F extends { page: number, size: number }, R>(
  filters: Ref<F>,
  change: (some: { page: number }) => void,
  ask: (filters: F) => Promise<Listed<R>>,
): Loaded<Listed<R>> {
  const route = useRoute()
  const here = route.name
  const loaded = useLoading(() => ask(filters.value))

  async function load(): Promise<void> {
    await loaded.load()
    // The last row of the last page may have been deleted.
    const { data } = loaded
    if (data.value?.rows.length !== 0 || data.value.count === 0) return
    const last = lastPage(data.value.count, filters.value.size)
    if (pageOf(filters.value.page) > last) change({ page: last })
  }

  watch(() => JSON.stringify(filters.value), () => {
    // On the way to another page its URL is already there.
    if (route.name === here) void load()
  }, { immediate: true })
  return { ...loaded, load }
}
