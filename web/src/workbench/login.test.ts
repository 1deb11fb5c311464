import { enableAutoUnmount, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import Login from './login.vue'

enableAutoUnmount(afterEach)
beforeEach(() => {
  sessionStorage.clear()
  localStorage.setItem('hotline.language', 'zh')
})

async function expired(): Promise<string> {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/login', component: Login }] })
  await router.push('/login?why=expired')
  return mount(Login, { global: { plugins: [createPinia(), router, makeI18n(words)] } }).get('.why').text()
}

it('An expiry promises that what was not sent is still there only in the window that has it', async () => {
  expect(await expired()).toBe('登录已过期，请重新登录。')
  sessionStorage.setItem('hotline.owner', 'lin')
  expect(await expired()).toBe('登录已过期，请重新登录。同一位用户登录后，没有发出的内容还在。')
})
