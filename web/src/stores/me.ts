// Who is logged in at the workbench.

import { md5 } from 'js-md5'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { NoSession, result } from '@/api/answer'
import type { Me, Role } from '@/api/types'
import { api, rawFetch } from './api'
import { useChats } from './chats'
import { useConfig } from './config'
import { useLive } from './live'
import { usePeople } from './people'

const ROLES: Record<string, Role> = {
  COUNSELOR: 'counselor', SUPERVISOR: 'supervisor', INSTITUTION: 'administrator', SYSTEM: 'system',
}

/** Whether somebody logged in here: whoever did not, need not ask. The session itself is a cookie no script can see. */
const LOGGED_IN = 'hotline.logged-in'

export const useMe = defineStore('me', () => {
  const me = ref<Me | null>(null)
  /** Null for whoever has no workbench: visitors. */
  const role = computed<Role | null>(() => (me.value === null ? null : ROLES[me.value.type] ?? null))

  /** Asks who is logged in; null if nobody is. */
  async function load(): Promise<Me | null> {
    if (localStorage.getItem(LOGGED_IN) === null) return null
    try {
      me.value = await result(api().GET('/auth/me'))
    } catch (error) {
      if (!(error instanceof NoSession)) throw error
      me.value = null
    }
    if (me.value !== null) await arrive(me.value)
    return me.value
  }

  async function arrive(person: Me): Promise<void> {
    usePeople().introduce({ ...person, type: person.type })
    const config = await useConfig().load()
    if (role.value === null || role.value === 'system') return
    const live = useLive()
    live.start({ path: '/workbench/ws', me: person.id, onRefused: () => { me.value = null } })
    useChats().start(config, person)
  }

  /** The document: the password goes as MD5. */
  async function logIn(username: string, password: string): Promise<Me | null> {
    await result(api().POST('/auth/login', { body: { username, password: md5(password) } }))
    localStorage.setItem(LOGGED_IN, '1')
    return load()
  }

  async function changePassword(oldPassword: string, password: string): Promise<void> {
    await result(api().POST('/user/password', { body: { oldPassword: md5(oldPassword), password: md5(password) } }))
  }

  async function logOut(): Promise<void> {
    await rawFetch('/logout', { method: 'POST' })
    leave()
  }

  /** Forgets everything about whoever was here. */
  function leave(): void {
    me.value = null
    localStorage.removeItem(LOGGED_IN)
    useLive().forget()
    useChats().stop()
  }

  return { me, role, load, logIn, logOut, leave, changePassword }
})
