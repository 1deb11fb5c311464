// The visitor's visit: who he is, and where he stands. Everything that matters the server knows; here is only what is
// needed to ask it again.

import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { NoSession, Refused, result, rows, Unreachable } from '@/api/answer'
import { passed } from '@/api/clock'
import type { Config, Conversation, Emergency, Me } from '@/api/types'
import { useNow } from '@/composables/clock'
import { api, rawFetch } from '@/stores/api'
import { useChats } from '@/stores/chats'
import { useConfig } from '@/stores/config'
import { useLive } from '@/stores/live'
import { usePeople } from '@/stores/people'
import { paragraphs, versionOf } from './consent'
import { stageOf } from './stage'

/** What the visitor's own profile adds to /auth/me. */
export type Profile = Me & {
  gender?: string | null
  age?: number | null
  phoneNumber?: string | null
  emergencyContact?: string | null
  emergencyPhone?: string | null
}

const TOKEN = 'hotline.visitor.token'
/** Who this browser is to the sandbox: what WeChat's code would say. */
const CODE = 'hotline.visitor.code'
const CONSENT = 'hotline.visitor.consent'
const SKIPPED = 'hotline.visitor.unrated'
/** The numbers to call are there even if the server is not. */
const EMERGENCY = 'hotline.visitor.emergency'
const TOKEN_HEADER = 'X-Auth-Token'
/** Logging in again by itself more often would be a loop. */
const AGAIN_MS_MIN = 10_000

function codeOfThisBrowser(): string {
  const known = localStorage.getItem(CODE)
  if (known !== null) return known
  const made = `web${Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  localStorage.setItem(CODE, made)
  return made
}

export const useVisit = defineStore('visit', () => {
  const token = ref(localStorage.getItem(TOKEN))
  const consented = ref(localStorage.getItem(CONSENT))
  const skipped = ref<string[]>(JSON.parse(localStorage.getItem(SKIPPED) ?? '[]') as string[])
  const config = shallowRef<Config | null>(null)
  const me = ref<Profile | null>(null)
  /** The open conversation with everything about it. */
  const current = ref<Conversation | null>(null)
  const last = ref<Conversation | null | undefined>(undefined)
  /** Why one could not get in. */
  const error = shallowRef<unknown>(null)
  let enteredAt = 0

  const live = useLive()
  const now = useNow()
  const emergency = computed<Emergency[]>(() =>
    config.value?.emergency ?? JSON.parse(localStorage.getItem(EMERGENCY) ?? '[]') as Emergency[])
  const consentText = computed(() => paragraphs(config.value?.information ?? []))
  const hasConsented = computed(() => config.value !== null && consented.value === versionOf(consentText.value))
  const stage = computed(() => stageOf({
    hasConsented: hasConsented.value || config.value === null,
    hasSession: me.value !== null,
    isKnown: live.view.cursor !== null,
    open: live.view.conversation,
    last: last.value,
    skipped: skipped.value,
    now: now.value,
  }))

  /** Everything anew, as when the page is opened. */
  async function start(): Promise<void> {
    error.value = null
    try {
      config.value = await useConfig().load()
      localStorage.setItem(EMERGENCY, JSON.stringify(config.value.emergency))
      if (hasConsented.value) await enter()
    } catch (wrong) {
      error.value = wrong
    }
  }

  function agree(): void {
    consented.value = versionOf(consentText.value)
    localStorage.setItem(CONSENT, consented.value)
  }

  /** Comes in: with the token that is there, else through the sandbox's door. */
  async function enter(): Promise<void> {
    error.value = null
    try {
      me.value = await who() ?? await knock()
      enteredAt = passed()
      usePeople().introduce(me.value)
      last.value = undefined
      live.start({ path: '/visitor/ws', me: me.value.id, token: () => token.value, onRefused: lost })
      useChats().start(config.value as Config, me.value)
    } catch (wrong) {
      error.value = wrong
    }
  }

  async function who(): Promise<Profile | null> {
    if (token.value === null) return null
    try {
      return await result(api().GET('/auth/me')) as Profile
    } catch (wrong) {
      if (!(wrong instanceof NoSession)) throw wrong
      keep(null)
      return null
    }
  }

  async function knock(): Promise<Profile> {
    const appid = config.value?.sandbox?.appid
    if (appid === undefined) throw new NoSession()
    const response = await rawFetch(`/auth/wx/${appid}/login?code=${codeOfThisBrowser()}`, { method: 'POST' })
    if (!response.ok) throw new Unreachable(response.status)
    const answer = await response.json() as { code: number, message: string | null }
    if (answer.code !== 0) throw new Refused(answer.code, answer.message)
    keep(response.headers.get(TOKEN_HEADER))
    const person = await who()
    if (person === null) throw new NoSession()
    return person
  }

  function keep(fresh: string | null): void {
    token.value = fresh
    if (fresh === null) {
      localStorage.removeItem(TOKEN)
    } else {
      localStorage.setItem(TOKEN, fresh)
    }
  }

  /** The session has ended: by the same door again, unless that was a moment ago. */
  function lost(): void {
    if (me.value === null) return
    leave()
    if (passed() - enteredAt > AGAIN_MS_MIN) {
      void enter()
    } else {
      error.value = new NoSession()
    }
  }

  function leave(): void {
    me.value = null
    current.value = null
    last.value = undefined
    keep(null)
    live.forget()
    useChats().stop()
  }

  /** Another visitor on the same device: for demonstrations. */
  async function becomeAnother(): Promise<void> {
    await rawFetch('/logout', { method: 'POST' }).catch(() => undefined)
    localStorage.removeItem(CODE)
    leave()
    await enter()
  }

  async function update(changes: Record<string, string | number>): Promise<void> {
    await result(api().POST('/user/update', { body: changes }))
    me.value = await result(api().GET('/auth/me')) as Profile
    usePeople().introduce(me.value)
  }

  async function loadLast(): Promise<void> {
    const { rows: [newest] } = await rows(api().GET('/conversation/current', { params: { query: { page: 0, size: 1 } } }))
    last.value = newest ?? null
  }

  /** The newest, asked until it is told: without it nobody knows where the visitor stands. */
  async function settle(): Promise<void> {
    last.value = undefined
    try {
      await loadLast()
    } catch (wrong) {
      error.value = wrong
    }
  }

  async function loadCurrent(): Promise<void> {
    const open = live.view.conversation
    if (open === null) return
    const told = await result(api().GET('/conversation/{id}', { params: { path: { id: open.id } } }))
    if (live.view.conversation?.id !== told.id) return
    usePeople().introduce(told.counselor, told.user)
    current.value = told
  }

  watch(() => live.view.conversation, (open, before) => {
    if (open === null) {
      current.value = null
      if (before) void settle()
    } else if (open.id !== before?.id || open.status !== before.status || open.common !== before.common) {
      if (current.value?.id !== open.id) current.value = null
      // It is asked again with the next change; the page shows meanwhile what the socket knows.
      loadCurrent().catch(() => undefined)
    }
    // A talk may begin and end within one breath of the socket.
  }, { flush: 'sync' })
  // What happened before a snapshot is not told, so there may be something new to rate.
  live.onFrame((frame) => {
    if (frame.type === 'snapshot' && me.value !== null) loadLast().catch((wrong: unknown) => { error.value = wrong })
  })

  async function open(counselor: string, fallback: boolean): Promise<void> {
    const body = counselor === 'any' ? { counselor } : { counselor, fallback }
    const made = await result(api().PUT('/conversation', { body }))
    usePeople().introduce(made.counselor, made.user)
  }

  async function end(id: string): Promise<void> {
    await result(api().POST('/conversation/end/{id}', { params: { path: { id } } }))
  }

  async function rate(id: string, level: number, content: string): Promise<void> {
    const body = { objectType: 'CONVERSATION' as const, conversationId: id, level, content: content.trim() || null }
    await result(api().PUT('/evaluate', { body }))
    if (last.value?.id === id) await loadLast()
  }

  function skip(id: string): void {
    skipped.value = [...skipped.value.slice(-20), id]
    localStorage.setItem(SKIPPED, JSON.stringify(skipped.value))
  }

  return {
    token, config, emergency, me, current, last, error, stage, now, consentText, hasConsented,
    start, agree, enter, lost, becomeAnother, update, loadCurrent, settle, open, end, rate, skip,
  }
})
