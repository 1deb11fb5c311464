import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { OnDuty } from '@/api/types'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/visitor'
import { soon } from '@/testing/soon'
import Choose from './pages/choose.vue'

/** Who is on duty, as the server says now. */
let duty: OnDuty[]
vi.mock('@/api/session', () => ({
  api: () => ({ GET: async () => ({ data: { code: 0, result: duty, count: duty.length }, response: new Response('', { status: 200 }) }) }),
  rawFetch: vi.fn(),
  hasCookie: () => false,
}))
enableAutoUnmount(afterEach)
const ASKED_MS = 15_000
const chen = (some: Partial<OnDuty>): OnDuty => ({
  id: 'd1', state: 'online', active: 0, maxConsults: 3, waiting: 0, user: { id: 'u1', username: 'chen', name: '陈思远', type: 'COUNSELOR' }, ...some,
} as unknown as OnDuty)

const said = (key: string): string => makeI18n(words).global.t(`visitor.choose.${key}`)

beforeEach(() => {
  setActivePinia(createPinia())
  localStorage.setItem('hotline.language', 'zh')
  const phone = document.createElement('div')
  phone.className = 'phone'
  document.body.replaceChildren(phone)
})
afterEach(() => { vi.useRealTimers() })

it('Whoever has chosen a counselor sees how it stands now, not how it stood when they chose', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  duty = [chen({})]
  const pinia = createPinia()
  const view = mount(Choose, { attachTo: document.querySelector('.phone') as Element, global: { plugins: [pinia, makeI18n(words)] } })
  await flushPromises()
  await view.get('.counselor').trigger('click')
  const sheet = (): string => document.querySelector('.sheet')?.textContent ?? ''
  await soon(() => { expect(sheet()).toContain(said('start')) })
  expect(sheet()).not.toContain(said('fallback'))

  duty = [chen({ active: 3, waiting: 2 })]
  vi.advanceTimersByTime(ASKED_MS)
  await flushPromises()
  expect(sheet()).toContain(said('fallback'))
  expect(sheet()).toContain(said('wait'))

  duty = []
  vi.advanceTimersByTime(ASKED_MS)
  await flushPromises()
  await soon(() => { expect(document.body.textContent).toContain(said('gone')) })
})
