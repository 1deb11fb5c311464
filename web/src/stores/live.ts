// The page's socket: what is known from it, how it stands, and who listens.

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { BASE } from '@/api/client'
import { hearMoment } from '@/api/clock'
import type { Presence } from '@/api/types'
import type { Command, EventFrame, Frame } from '@/socket/frames'
import { NOTHING_KNOWN, reduce, type View } from '@/socket/reducer'
import { LiveSocket, socketUrl, type SocketStatus } from '@/socket/socket'

export interface LiveOptions {
  path: '/workbench/ws' | '/visitor/ws'
  /** Whose socket it is: a person's id. */
  me: string
  token?: () => string | null
  onRefused: () => void
}

type Listener<T> = (value: T) => void

/** Listeners that can leave. */
function channel<T>(): { on: (listener: Listener<T>) => () => void, tell: (value: T) => void } {
  const listeners = new Set<Listener<T>>()
  return {
    on(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    tell(value) {
      [...listeners].forEach((listener) => { listener(value) })
    },
  }
}

const CHOSEN = 'hotline.presence'

export const useLive = defineStore('live', () => {
  const view = shallowRef<View>(NOTHING_KNOWN)
  const status = ref<SocketStatus>('idle')
  const frames = channel<Frame>()
  const statuses = channel<SocketStatus>()
  let socket: LiveSocket | null = null

  function start(options: LiveOptions): void {
    stop()
    const url = (): string => socketUrl(BASE, options.path, {
      since: view.value.cursor,
      presence: options.path === '/workbench/ws' ? sessionStorage.getItem(CHOSEN) : null,
    })
    socket = new LiveSocket({
      url,
      auth: options.token,
      onFrame(frame) {
        if (frame.type === 'event') hearMoment(frame.time)
        if (frame.type === 'presence') sessionStorage.setItem(CHOSEN, frame.presence)
        view.value = reduce(view.value, frame, options.me)
        frames.tell(frame)
      },
      onStatus(now) {
        status.value = now
        statuses.tell(now)
        if (now === 'refused') options.onRefused()
      },
    })
    socket.start()
  }

  function stop(): void {
    socket?.stop()
    socket = null
    view.value = NOTHING_KNOWN
  }

  /** After a log-out: the next person chooses anew. */
  function forget(): void {
    stop()
    sessionStorage.removeItem(CHOSEN)
  }

  const send = (command: Command): boolean => socket?.send(command) ?? false
  const choose = (presence: Presence): boolean => send({ type: 'presence', presence })

  /** Every committed event that concerns this person, once. */
  const onEvent = (listener: Listener<EventFrame>): (() => void) =>
    frames.on((frame) => { if (frame.type === 'event') listener(frame) })

  return {
    view,
    status,
    isOpen: computed(() => status.value === 'open'),
    start, stop, forget, send, choose, onEvent,
    onFrame: frames.on,
    onStatus: statuses.on,
    doubt: (): void => { socket?.doubt() },
    closeCode: (): number | null => socket?.closeCode ?? null,
  }
})
