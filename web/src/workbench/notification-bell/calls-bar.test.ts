import { enableAutoUnmount, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import type { Alarm } from '@/api/frames'
import { useLive } from '@/shared/stores/live'
import CallsBar from './calls-bar.vue'

enableAutoUnmount(afterEach)
afterEach(() => { vi.useRealTimers() })

it('A call is read aloud once, while its minutes go on for the eyes', async () => {
  vi.useFakeTimers({ now: Date.now() })
  const pinia = createPinia()
  setActivePinia(pinia)
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '' } }] })
  const live = useLive()
  const alarm: Alarm = { kind: 'unanswered', conversation: 'a', counselor: 'c', visitor: 'v', since: Date.now(), afterSeconds: 120 }
  live.view = { ...live.view, alarms: [alarm] }
  const bar = mount(CallsBar, { global: { plugins: [pinia, router, makeI18n(words)] } })
  const [spoken, shown] = [bar.get('[role=status]').text(), bar.get('.what').text()]
  expect(spoken).toBe(shown)
  await vi.advanceTimersByTimeAsync(3 * 60_000)
  expect([bar.get('[role=status]').text() === spoken, bar.get('.what').text() === shown]).toEqual([true, false])
  live.view = { ...live.view, alarms: [{ ...alarm, conversation: 'b' }] }
  await vi.advanceTimersByTimeAsync(0)
  expect(bar.get('[role=status]').text(), 'another call is another word').toBe(bar.get('.what').text())
})
