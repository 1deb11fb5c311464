// The visitor's visit: who they are, and where they stand. Everything that matters the server knows; here is only what is
// needed to ask it again.

import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { NoSession, Refused, Unreachable } from '@/api/answer'
import { passed } from '@/api/clock'
import { endConversation, fetchConversation, fetchMe, updateOwnProfile } from '@/api/common'
import type { Config, Conversation, Me } from '@/api/types'
import { endTokenSession, listOwnConversations, openConversation, rateConversation, sandboxLogin } from '@/api/visit'
import { useNow } from '@/shared/composables/clock'
import { forgetDraft, lock, unlock } from '@/shared/kept/words'
import { useChats } from '@/shared/stores/chats'
import { useConfig } from '@/shared/stores/config'
import { useLive } from '@/shared/stores/live'
import { usePeople } from '@/shared/stores/people'
import { paragraphs, versionOf } from '../consent'
import { forgetAll, forgetTalks } from '../kept'
import { keepNumbers, numbersOf } from '../numbers'
import { visitStageOf } from '../visit-stage'

const TOKEN = 'hotline.visitor.token'
/** Who this browser is to the sandbox: what WeChat's code would say. */
const CODE = 'hotline.visitor.code'
const CONSENT = 'hotline.visitor.consent'
/** Conversations whose end was seen: the name is older than that. */
const SKIPPED = 'hotline.visitor.unrated'
/** That this visitor may no longer talk here. */
const BARRED = 'hotline.visitor.barred'
/** Logging in again by itself more often would be a loop. */
const AGAIN_MS_MIN = 10_000
/** Before what could not be asked is asked again: doubled each time. */
const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 30_000

function codeOfThisBrowser(): string {
  const known = localStorage.getItem(CODE)
  if (known !== null) return known
  const made = `web${Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  localStorage.setItem(CODE, made)
  return made
}

function idsIn(kept: string | null): string[] {
  try {
    const ids: unknown = JSON.parse(kept ?? '[]')
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : []
  } catch {
    return []
  }
}

export const useVisit = defineStore('visit', () => {
  const token = ref(localStorage.getItem(TOKEN))
  const consented = ref(localStorage.getItem(CONSENT))
  const skipped = ref<string[]>(idsIn(localStorage.getItem(SKIPPED)))
  const isBarred = ref(localStorage.getItem(BARRED) !== null)
  const config = shallowRef<Config | null>(null)
  const me = ref<Me | null>(null)
  /** The open conversation with everything about it. */
  const current = ref<Conversation | null>(null)
  const last = ref<Conversation | null | undefined>(undefined)
  /** Why one could not get in. */
  const error = shallowRef<unknown>(null)
  let enteredAt = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  /** The server said that this person was stopped, or perhaps only their counselor; the log-in then ends next. */
  let stopped: 'surely' | 'perhaps' | null = null

  const live = useLive()
  const now = useNow()
  const emergency = computed(() => numbersOf(config.value?.emergency))
  const consentText = computed(() => paragraphs(config.value?.information ?? []))
  const hasConsented = computed(() => config.value !== null && consented.value === versionOf(consentText.value))
  const stage = computed(() => visitStageOf({
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
      keepNumbers(config.value.emergency)
      if (hasConsented.value) await enter()
    } catch (wrong) {
      error.value = wrong
    }
  }

  function agree(): void {
    consented.value = versionOf(consentText.value)
    localStorage.setItem(CONSENT, consented.value)
  }

  /** Logs in: with the stored token, else by the sandbox. `wasIn`: they were logged in a moment ago. */
  async function enter(wasIn = token.value !== null): Promise<void> {
    error.value = null
    try {
      config.value ??= await useConfig().load()
      const person = await who() ?? await enterSandbox()
      await unlock(person.id, person.draftKey)
      me.value = person
      bar(false)
      enteredAt = passed()
      usePeople().cachePeople(me.value)
      last.value = undefined
      live.start({ path: '/visitor/ws', me: me.value.id, token: () => token.value, onRefused: lost })
      useChats().start(config.value, me.value)
    } catch (wrong) {
      error.value = wrong
      // Whoever was somebody here and is refused at the door was stopped meanwhile.
      if (wrong instanceof Refused && wasIn) bar(true)
    }
  }

  /** Told until they are let in again, also when the page is opened anew. */
  function bar(yes: boolean): void {
    stopped = null
    isBarred.value = yes
    if (yes) {
      forgetTalks()
      localStorage.setItem(BARRED, '1')
    } else {
      localStorage.removeItem(BARRED)
    }
  }

  async function who(): Promise<Me | null> {
    if (token.value === null) return null
    try {
      return await fetchMe()
    } catch (wrong) {
      if (!(wrong instanceof NoSession)) throw wrong
      keep(null)
      return null
    }
  }

  async function enterSandbox(): Promise<Me> {
    const appid = config.value?.sandbox?.appid
    if (appid === undefined) throw new NoSession()
    keep(await sandboxLogin(appid, codeOfThisBrowser()))
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
    const wasStopped = stopped !== null
    leave()
    if (wasStopped) {
      bar(true)
      error.value = new NoSession()
    } else if (passed() - enteredAt > AGAIN_MS_MIN) {
      void enter(true)
    } else {
      error.value = new NoSession()
    }
  }

  function leave(): void {
    me.value = null
    clearTimeout(retry)
    current.value = null
    last.value = undefined
    keep(null)
    lock()
    live.stop()
    useChats().stop()
  }

  /** Another visitor on the same device: for demonstrations. */
  async function becomeAnother(): Promise<void> {
    await endSession()
    localStorage.removeItem(CODE)
    localStorage.removeItem(SKIPPED)
    skipped.value = []
    await enter()
  }

  async function endSession(): Promise<void> {
    await endTokenSession()
    leave()
    forgetTalks()
  }

  /** Leaves this device as if nobody had been here; what is still in memory goes with the page. */
  async function logOut(): Promise<void> {
    await endSession()
    forgetAll()
    window.location.replace(window.location.pathname)
  }

  async function update(changes: Record<string, string | number>): Promise<void> {
    await updateOwnProfile(changes)
    me.value = await fetchMe()
    usePeople().cachePeople(me.value)
  }

  async function loadLast(): Promise<void> {
    const whose = me.value?.id
    const { rows: [newest] } = await listOwnConversations(0, 1)
    if (me.value?.id !== whose) return
    usePeople().cachePeople(newest?.counselor)
    last.value = newest ?? null
    if (stopped === 'perhaps') stopped = null
  }

  /** The newest, asked until it is told: without it nobody knows where the visitor stands. */
  async function settle(): Promise<void> {
    last.value = undefined
    await loadLastUntilKnown()
  }

  async function loadLastUntilKnown(failures = 0): Promise<void> {
    clearTimeout(retry)
    try {
      await loadLast()
      if (me.value !== null) error.value = null
    } catch (wrong) {
      // A log-in that has ended is the matter of whoever noticed it; there may be another one by now.
      if (me.value === null || wrong instanceof NoSession) return
      error.value = wrong
      if (!(wrong instanceof Unreachable)) return
      retry = setTimeout(() => { void loadLastUntilKnown(failures + 1) }, Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** failures))
    }
  }

  async function loadCurrent(): Promise<void> {
    const open = live.view.conversation
    if (open === null) return
    const told = await fetchConversation(open.id)
    if (live.view.conversation?.id !== told.id) return
    usePeople().cachePeople(told.counselor, told.user)
    current.value = told
  }

  watch(() => live.view.conversation, (open, before) => {
    // Nothing is known any more: that is no end of a talk.
    if (me.value === null) return
    if (open === null) {
      current.value = null
      if (before) {
        forgetDraft(before.id)
        void settle()
      }
    } else if (open.id !== before?.id || open.status !== before.status || open.common !== before.common) {
      if (current.value?.id !== open.id) current.value = null
      // It is asked again with the next change; the page shows meanwhile what the socket knows.
      loadCurrent().catch(() => undefined)
    }
    // A talk may begin and end within one frame of the socket.
  }, { flush: 'sync' })
  // A ban of the counselor ends a talk with the same reason: only the end of one's own log-in says whose it was.
  live.onEvent((event) => {
    if (event.event === 'expelled') stopped = 'surely'
    else if (event.event === 'ended' && event.endReason === 'banned') stopped ??= 'perhaps'
  })
  // What happened before a snapshot is not told, so there may be something new to rate.
  live.onFrame((frame) => {
    if (frame.type === 'snapshot' && me.value !== null) void loadLastUntilKnown()
  })

  async function open(counselor: string, fallback: boolean): Promise<void> {
    const made = await openConversation(counselor, fallback)
    usePeople().cachePeople(made.counselor, made.user)
  }

  async function end(id: string): Promise<void> {
    await endConversation(id)
  }

  async function rate(id: string, level: number, content: string): Promise<void> {
    await rateConversation(id, level, content.trim() || null)
    if (last.value?.id === id) await loadLast()
  }

  function skip(id: string): void {
    skipped.value = [...skipped.value.slice(-20), id]
    localStorage.setItem(SKIPPED, JSON.stringify(skipped.value))
  }

  return {
    token, config, emergency, me, current, last, error, stage, now, consentText, hasConsented,
    isBarred, start, agree, enter, lost, becomeAnother, logOut, update, loadCurrent, settle, open, end, rate, skip,
  }
})
