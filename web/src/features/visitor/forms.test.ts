import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { ElMessageBox } from 'element-plus'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { Me } from '@/api/types'
import { hasUnsaved } from '@/shared/composables/unsaved'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/visitor'
import { useVisit } from './stores/visit'
import MeView from './pages/me.vue'
import Rate from './pages/rate.vue'

const PERSON = { id: 'p1', username: 'sandbox_x', name: '小林', type: 'VISITOR', gender: '', age: 0, phoneNumber: '' } as unknown as Me
const TALK = { id: 'c1', status: 'FINISHED', startTime: 1, endTime: 2, duration: 1, counselor: null, evaluate: null }
let pinia: Pinia
let asked: ReturnType<typeof vi.spyOn>
enableAutoUnmount(afterEach)

beforeEach(() => {
  pinia = createPinia()
  setActivePinia(pinia)
  localStorage.clear()
  asked = vi.spyOn(ElMessageBox, 'confirm').mockRejectedValue(new Error('cancel'))
  useVisit().me = { ...PERSON }
})
afterEach(() => { asked.mockRestore() })

function shown(view: Component): VueWrapper {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '' } }] })
  return mount(view, { attachTo: document.body, global: { plugins: [pinia, router, makeI18n(words)] } })
}
const named = (view: VueWrapper): HTMLInputElement => view.get<HTMLInputElement>('form input').element

describe('a visitor\'s profile', () => {
  it('keeps what was typed when its owner comes in again, and says that it is not saved', async () => {
    const view = shown(MeView)
    expect([named(view).value, hasUnsaved()]).toEqual(['小林', false])
    await view.get('form input').setValue('小林子')
    useVisit().me = { ...PERSON }
    await flushPromises()
    expect([named(view).value, hasUnsaved()]).toEqual(['小林子', true])
    // The log-in ends: there is no form for a moment.
    useVisit().me = null
    view.unmount()
    expect(hasUnsaved()).toBe(false)
    useVisit().me = { ...PERSON }
    expect([named(shown(MeView)).value, hasUnsaved()]).toEqual(['小林子', true])
  })

  it('is of nobody else, and not of who left it and did not want it any more', async () => {
    const view = shown(MeView)
    await view.get('form input').setValue('小林子')
    view.unmount()
    const again = shown(MeView)
    expect(named(again).value).toBe('小林')
    await again.get('form input').setValue('小林子')
    useVisit().me = null
    again.unmount()
    useVisit().me = { ...PERSON, id: 'p2', name: '另一位' }
    expect(named(shown(MeView)).value).toBe('另一位')
  })

  it('is as saved once it is saved', async () => {
    vi.spyOn(useVisit(), 'update').mockImplementation(async (changes) => { useVisit().me = { ...PERSON, name: String(changes.name).trim() } })
    const view = shown(MeView)
    await view.get('form input').setValue('小林子 ')
    await view.get('form').trigger('submit')
    await flushPromises()
    expect([named(view).value, hasUnsaved()]).toEqual(['小林子', false])
  })
})

describe('a rating', () => {
  beforeEach(() => { useVisit().last = { ...TALK } as never })
  const later = async (view: VueWrapper): Promise<void> => {
    await view.findAll('button').at(-1)!.trigger('click')
    await flushPromises()
  }

  it('asks before "later" throws words away, and not where there are none', async () => {
    const view = shown(Rate)
    const skip = vi.spyOn(useVisit(), 'skip').mockImplementation(() => {})
    await view.get('textarea').setValue('谢谢您')
    await later(view)
    expect([asked.mock.calls.length, skip.mock.calls]).toEqual([1, []])
    await view.get('textarea').setValue('')
    await later(view)
    expect([asked.mock.calls.length, skip.mock.calls]).toEqual([1, [['c1']]])
  })

  it('has its words again when the log-in ended meanwhile', async () => {
    const view = shown(Rate)
    await view.get('textarea').setValue('谢谢您')
    useVisit().me = null
    view.unmount()
    useVisit().me = { ...PERSON }
    expect(shown(Rate).get('textarea').element.value).toBe('谢谢您')
  })
})
