import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import type { Listed } from '@/api/types'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { soon } from '@/testing/soon'
import { lastPage, pageOf, sizeOf, usePagedList } from './paged-list'
import PagedTable from './paged-table.vue'

beforeEach(() => { localStorage.setItem('hotline.language', 'zh') })

/** A list at an address, and everything it asked for. */
async function listAt(address: string, answer: () => Listed<string> = () => ({ rows: ['one'], count: 1 })) {
  const router: Router = createRouter({
    history: createMemoryHistory(),
    routes: ['list', 'other'].map((name) => ({ path: `/${name}`, name, component: { template: '' } })),
  })
  await router.push(address)
  const asked: { page: number }[] = []
  const setup = () => usePagedList({ size: 20, view: { kind: 'all' }, chosen: { gender: '' }, typed: { name: '' } }, async (now) => {
    asked.push(now)
    return answer()
  })
  let list: ReturnType<typeof setup> | undefined
  mount(defineComponent({ setup() { list = setup(); return () => h('div') } }), { global: { plugins: [router] } })
  await nextTick()
  return { list: list!, asked, router }
}
const AT_FIRST = { kind: 'all', gender: '', name: '', page: 1, size: 20 }

describe('the page of a list', () => {
  it('is one the server knows, whatever the URL says', async () => {
    expect([pageOf(0), pageOf(-3), pageOf(2.9), pageOf(7)]).toEqual([1, 1, 2, 7])
    expect([sizeOf(0), sizeOf(100_000), sizeOf(20)]).toEqual([1, 200, 20])
    const { asked } = await listAt('/list?page=-4&size=5000&gender=x')
    expect(asked).toEqual([{ ...AT_FIRST, gender: 'x', page: 1, size: 200 }])
  })

  it('is the last one when the list became shorter', async () => {
    expect([lastPage(0, 20), lastPage(20, 20), lastPage(21, 20)]).toEqual([1, 1, 2])
    const answer = vi.fn<() => Listed<string>>().mockReturnValueOnce({ rows: [], count: 40 }).mockReturnValue({ rows: ['one'], count: 40 })
    const { asked } = await listAt('/list?page=3', answer)
    await soon(() => { expect(asked.map(({ page }) => page)).toEqual([3, 2]) })
  })
})

describe('a paged list', () => {
  it('is asked for again when a filter changes, from its first page, and when somebody turns the page', async () => {
    const { list, asked } = await listAt('/list?page=2')
    list.change({ gender: '女' })
    await soon(() => { expect(asked.at(-1)).toEqual({ ...AT_FIRST, gender: '女' }) })
    list.turn({ page: 3 })
    await soon(() => { expect(asked.at(-1)).toEqual({ ...AT_FIRST, gender: '女', page: 3 }) })
    expect(asked).toHaveLength(3)
  })

  it('is not asked for on the way to another page', async () => {
    const { asked, router } = await listAt('/list')
    await router.push('/other?gender=x')
    await nextTick()
    expect(asked).toHaveLength(1)
  })

  it('clears what is chosen and typed, and stays the same list', async () => {
    const { list, asked } = await listAt('/list?kind=some')
    expect(list.isFiltered.value, 'which list it is, is no filter').toBe(false)
    list.change({ gender: '女', name: '林' })
    await soon(() => { expect(list.isFiltered.value).toBe(true) })
    list.clear()
    await soon(() => { expect(asked.at(-1)).toEqual({ ...AT_FIRST, kind: 'some' }) })
    expect(list.isFiltered.value).toBe(false)
  })
})

describe('the table of a paged list', () => {
  const shown = async (address: string, answer: () => Listed<string>) => {
    const { list } = await listAt(address, answer)
    const table = mount(PagedTable<string>, {
      props: { list, label: '名单', empty: '还没有人' },
      slots: { head: '<tr />', rows: '<template #rows="{ rows }"><tr v-for="row in rows" :key="row"><td>{{ row }}</td></tr></template>' },
      global: { plugins: [makeI18n(words)], stubs: { Pager: true, ElButton: { template: '<button><slot /></button>' } } },
    })
    await soon(() => { expect(list.isLoading.value).toBe(false) })
    return { list, table }
  }

  it('shows its rows, and says why there are none', async () => {
    const { table } = await shown('/list', () => ({ rows: ['林', '陈'], count: 2 }))
    expect(table.get('table').text()).toBe('林陈')
    const none = (): Listed<string> => ({ rows: [], count: 0 })
    expect((await shown('/list', none)).table.text()).toBe('还没有人')
    expect((await shown('/list?gender=x', none)).table.text()).toBe('没有符合条件的内容')
  })

  it('says what went wrong, and asks again', async () => {
    const answer = vi.fn<() => Listed<string>>().mockImplementationOnce(() => { throw new Error('没有网络') }).mockReturnValue({ rows: ['林'], count: 1 })
    const { table } = await shown('/list', answer)
    expect(table.get('[role=alert]').text()).toContain('没有网络')
    await table.get('button').trigger('click')
    await soon(() => { expect(table.get('table').text()).toBe('林') })
  })
})
