import { flushPromises, mount, enableAutoUnmount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { templateOf } from '../../../guides'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { help } from './routes'
import { useMe } from '@/shared/stores/me'
import { soon } from '@/testing/soon'
import HelpView from './help.vue'

enableAutoUnmount(afterEach)

const place = { own: 'counselor', guides: new Set(['counselor', 'supervisor']), sizeOf: () => ({ width: 640, height: 480 }) }
const scrolled: string[] = []

async function shown(type: string, path = '/help'): Promise<{ text: () => string, router: Router, click: (words: string) => Promise<void> }> {
  setActivePinia(createPinia())
  useMe().me = { id: 'p1', type, username: 'p', name: null } as never
  const router = createRouter({ history: createMemoryHistory(), routes: help })
  await router.push(path)
  const wrapper = mount(HelpView, { global: { plugins: [router, makeI18n(words)] }, attachTo: document.body })
  await soon(() => { expect(wrapper.find('article').exists()).toBe(true) })
  await flushPromises()
  const click = async (label: string): Promise<void> => {
    await wrapper.findAll('article a').find((link) => link.text() === label)!.trigger('click')
    await flushPromises()
  }
  return { text: () => wrapper.find('article').text(), router, click }
}

beforeEach(() => {
  scrolled.length = 0
  Element.prototype.scrollIntoView = function (this: Element) { scrolled.push(this.id || this.className) }
})

describe('help', () => {
  it.each([['COUNSELOR', '咨询师手册'], ['SUPERVISOR', '督导手册'], ['INSTITUTION', '管理员手册'], ['SYSTEM', '管理员手册']])(
    'shows its own guide to the kind %s', async (type, title) => {
      expect((await shown(type)).text()).toMatch(new RegExp(`^${title}`))
    })

  it('shows the guide that is asked for, and their own for one that there is not', async () => {
    expect((await shown('COUNSELOR', '/help/operations')).text()).toMatch(/^运维/)
    expect((await shown('COUNSELOR', '/help/toString')).text()).toMatch(/^咨询师手册/)
  })

  it('leads from one guide to a place in another', async () => {
    const { click, router, text } = await shown('SUPERVISOR')
    await click('管理员手册')
    await soon(() => { expect(text()).toMatch(/^管理员手册/) })
    expect(router.currentRoute.value.query.at).toBe('导出')
    await soon(() => { expect(scrolled.at(-1)).toBe('导出') })
  })

  it('leads to a place in the same guide', async () => {
    const { click, router } = await shown('COUNSELOR')
    await click('来访者有危险')
    expect(router.currentRoute.value.fullPath).toContain('/help/counselor?at=')
    await soon(() => { expect(scrolled.at(-1)).toBe('来访者有危险') })
  })
})

describe('the template of a guide', () => {
  const of = (markdown: string): string => templateOf(markdown, place)

  it('runs nothing that stands in it', () => {
    expect(of('写作 {{ 名字 }} 与 `{{ x }}`')).toMatch(/写作 &#123;&#123; 名字 &#125;&#125; 与 <code>&#123;&#123; x &#125;&#125;<\/code>/)
    expect(of('    <b>{{ y }}</b>')).toContain('&lt;b&gt;&#123;&#123; y &#125;&#125;&lt;/b&gt;')
    expect(() => of('<img src=x onerror=alert(1)>')).toThrow('no HTML of its own')
    expect(of('[甲](javascript:alert(1))')).toContain('<span>甲</span>')
    expect(of('[乙](counselor.md#a\'}+x)')).not.toContain('\'a\'}')
  })

  it('leads to guides, and nowhere else in the repository', () => {
    expect(of('[督导](supervisor.md#记录)')).toContain(':to="{ name: \'guide\', params: { guide: \'supervisor\' }, query: { at: \'记录\' } }"')
    expect(of('[下面](#下班)')).toContain('guide: \'counselor\' }, query: { at: \'下班\' }')
    expect(of('[设置](../../config.toml) [英文](../operations.md) [缺](nobody.md)')).toContain('<span>设置</span> <span>英文</span> <span>缺</span>')
  })

  it('keeps the room of a picture, and says what is on it', () => {
    expect(of('![铃铛“一”](../screenshots/zh/bell.png)')).toContain('<img src="../screenshots/zh/bell.png" alt="铃铛“一”" width="640" height="480" />')
  })

  it('makes of an item with several paragraphs what it makes of others', () => {
    const html = of('1. **甲** {{ x }} < [下面](#下班)\n\n   ![铃铛](../screenshots/zh/bell.png)\n\n2. 乙')
    expect(html).toContain('<strong>甲</strong> &#123;&#123; x &#125;&#125; &lt; <router-link')
    expect(html).toContain('<p><img src="../screenshots/zh/bell.png"')
    expect(html).not.toMatch(/&lt;(strong|img|router-link)|&amp;/)
  })

  it('names headings as links find them', () => {
    expect(of('## 一、开始之前：运维做好的事')).toContain('<h2 id="一开始之前运维做好的事">')
  })
})
