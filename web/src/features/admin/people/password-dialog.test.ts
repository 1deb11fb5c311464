import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { md5 } from 'js-md5'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Person } from '@/api/types'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { soon } from '@/testing/soon'
import PasswordDialog from './password-dialog.vue'

/** What the server was asked: the path and what with. */
let asked: [string, unknown][]
vi.mock('@/api/session', () => ({
  api: () => ({
    POST: async (path: string, what: unknown) => {
      asked.push([path, what])
      return { data: { code: 0, result: 'ok' }, response: new Response('', { status: 200 }) }
    },
  }),
}))
enableAutoUnmount(afterEach)
beforeEach(() => {
  asked = []
  setActivePinia(createPinia())
})

const path = (key: string): object => ({ params: { path: { key } }, body: { password: md5('fresh-words') } })

it.each([
  ['COUNSELOR', '/user/ms/counselor/{key}', path('id1')],
  ['SUPERVISOR', '/user/ms/supervisor/{key}', path('id1')],
  ['INSTITUTION', '/user/ms', { body: { username: 'name1', password: md5('fresh-words') } }],
])('A password of a %s is set by the endpoint that is open to whoever may', async (type, endpoint, what) => {
  const dialog = mount(PasswordDialog, { props: { modelValue: null }, attachTo: document.body, global: { plugins: [makeI18n(words)] } })
  await dialog.setProps({ modelValue: { id: 'id1', username: 'name1', name: 'Name', type } as unknown as Person })
  await soon(() => { expect(document.querySelectorAll('#set-password input')).toHaveLength(2) })
  for (const field of document.querySelectorAll<HTMLInputElement>('#set-password input')) {
    field.value = 'fresh-words'
    field.dispatchEvent(new Event('input'))
  }
  await flushPromises()
  document.querySelector('#set-password')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await soon(() => { expect(asked).toEqual([[endpoint, what]]) })
})
