// Who is logged in at the workbench.

import { md5 } from 'js-md5'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { NoSession } from '@/api/answer'
import { changeOwnPassword, endSession, logInByPassword } from '@/api/auth'
import { fetchMe } from '@/api/common'
import type { Config, Me, Role } from '@/api/types'
import { lock, unlock } from '@/shared/kept/words'
import { useChats } from './chats'
import { useConfig } from './config'
import { forgetAll, keepFor } from './kept'
import { useLive } from './live'
import { usePeople } from './people'

const ROLES: Record<string, Role> = {
  COUNSELOR: 'counselor', SUPERVISOR: 'supervisor', INSTITUTION: 'administrator', SYSTEM: 'system',
}

/** Who is logged in here, for all windows: whoever did not log in, need not ask. The session itself is a cookie no script can see. */
const LOGGED_IN = 'hotline.logged-in'

/** Why nobody is logged in any more, where somebody was. */
export const ENDINGS = ['expired', 'elsewhere', 'password', 'banned'] as const
export type Ending = typeof ENDINGS[number]

/** What the server says when it closes the sockets of somebody with a new password. */
const PASSWORD_CHANGED = 'password changed'

export const useMe = defineStore('me', () => {
  const me = ref<Me | null>(null)
  /** Null for whoever has no workbench: visitors. */
  const role = computed<Role | null>(() => (me.value === null ? null : ROLES[me.value.type] ?? null))
  /** Null after a log-out by the button, and before anybody was here. */
  const ending = ref<Ending | null>(null)
  /** Whether what this window keeps was theirs already: only then is the address before the log-in theirs, too. */
  const isSame = ref(true)
  let isLeaving = false
  /** Told by the socket before it closes. */
  let isExpelled = false
  let stopHearing = (): void => {}

  /** Asks who is logged in; null if nobody is. */
  async function load(): Promise<Me | null> {
    if (localStorage.getItem(LOGGED_IN) === null) return null
    try {
      const person = await fetchMe()
      // Nobody is in before everything that the page stands on is there.
      await useConfig().load()
      me.value = person
    } catch (error) {
      if (!(error instanceof NoSession)) throw error
      // Somebody was here, and the page was opened again too late.
      ending.value = 'expired'
      localStorage.removeItem(LOGGED_IN)
    }
    if (me.value !== null) await startSession(me.value)
    return me.value
  }

  async function startSession(person: Me): Promise<void> {
    ending.value = null
    isSame.value = keepFor(person.id)
    await unlock(person.id, person.draftKey)
    localStorage.setItem(LOGGED_IN, person.id)
    usePeople().cachePeople({ ...person, type: person.type })
    if (role.value === null || role.value === 'system') return
    const live = useLive()
    live.start({
      path: '/workbench/ws',
      me: person.id,
      onRefused: () => { lost() },
      // Where the log-in is gone this is the 403; where the network is, the socket goes on trying.
      onUnreached: () => { fetchMe().catch(() => undefined) },
    })
    stopHearing()
    isExpelled = false
    stopHearing = live.onEvent((event) => { if (event.event === 'expelled' && event.person === person.id) isExpelled = true })
    useChats().start(useConfig().config as Config, person)
  }

  /** The document: the password goes as MD5. */
  async function logIn(username: string, password: string): Promise<Me | null> {
    await logInByPassword(username, md5(password))
    localStorage.setItem(LOGGED_IN, '')
    return load()
  }

  async function changePassword(oldPassword: string, password: string): Promise<void> {
    await changeOwnPassword(md5(oldPassword), md5(password))
  }

  /** By the button: nothing stays in this browser. Where the server did not end the log-in, nobody is told that it has ended. */
  async function logOut(): Promise<void> {
    isLeaving = true
    try {
      await endSession()
      leave(null)
      forgetAll()
    } finally {
      isLeaving = false
    }
  }

  /** The log-in has ended, wherever that was noticed. What is kept waits for the same person. */
  function lost(why: Ending = useLive().why() === PASSWORD_CHANGED ? 'password' : 'expired'): void {
    // The button closes the socket, too, perhaps before its own answer is here.
    if (me.value === null || isLeaving) return
    leave(isExpelled ? 'banned' : why)
  }

  /** Another window logged out by the button, and what this one kept is cleared. The server may have been quicker to say so. */
  function cleared(): void {
    if (me.value === null && ending.value === null) return
    lost('elsewhere')
    ending.value = 'elsewhere'
  }

  /** Another person may have logged in in another window, perhaps while this one slept. */
  function look(): void {
    const now = localStorage.getItem(LOGGED_IN)
    if (me.value !== null && now !== null && now !== '' && now !== me.value.id) lost('elsewhere')
  }

  /** This page knows nothing any more about whoever was here. */
  function leave(why: Ending | null): void {
    ending.value = why
    me.value = null
    lock()
    stopHearing()
    useLive().stop()
    useChats().stop()
    usePeople().forget()
  }

  return { me, role, ending, isSame, load, logIn, logOut, lost, cleared, look, changePassword }
})
