// The page's socket: what is known from it, how it stands, and who listens.

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { BASE } from '@/api/base'
import { syncByEvent } from '@/api/clock'
import type { Presence } from '@/api/types'
import type { Command, EventFrame, Frame } from '@/api/frames'
import { NOTHING_KNOWN, reduce, type View } from '@/shared/socket/reducer'
import { LiveSocket, socketUrl, type SocketStatus } from '@/shared/socket/socket'

export interface LiveOptions {
  path: '/workbench/ws' | '/visitor/ws'
  /** Whose socket it is: a person's id. */
  me: string
  token?: () => string | null
  onRefused: () => void
  /** It was not reached twice in a row: a handshake that is refused looks to a page like a network that is gone. */
  onUnreached?: () => void
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

/** What somebody chose last, for all their windows: said by the first socket after they were offline. */
const chosen = (person: string): string => `hotline.presence.${person}`

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
      presence: options.path === '/workbench/ws' ? localStorage.getItem(chosen(options.me)) : null,
    })
    socket = new LiveSocket({
      url,
      auth: options.token,
      onFrame(frame) {
        if (frame.type === 'event') syncByEvent(frame.time)
        const before = view.value.presence
        view.value = reduce(view.value, frame, options.me)
        const { presence } = view.value
        if (presence !== null && presence !== before) localStorage.setItem(chosen(options.me), presence)
        frames.tell(frame)
      },
      onStatus(now) {
        status.value = now
        statuses.tell(now)
        if (now === 'refused') options.onRefused()
        if (now === 'waiting' && (socket?.failedTries ?? 0) > 0) options.onUnreached?.()
      },
    })
    socket.start()
  }

  function stop(): void {
    socket?.stop()
    socket = null
    view.value = NOTHING_KNOWN
  }

  /** Why the connection closed last, in the server's words. */
  const why = (): string => socket?.why ?? ''

  const send = (command: Command): boolean => socket?.send(command) ?? false
  const choose = (presence: Presence): boolean => send({ type: 'presence', presence })

  /** Every committed event that concerns this person, once. */
  const onEvent = (listener: Listener<EventFrame>): (() => void) =>
    frames.on((frame) => { if (frame.type === 'event') listener(frame) })

  return {
    view,
    status,
    isOpen: computed(() => status.value === 'open'),
    start, stop, why, send, choose, onEvent,
    onFrame: frames.on,
    onStatus: statuses.on,
    checkConnection: (): void => { socket?.checkConnection() },
    closeCode: (): number | null => socket?.closeCode ?? null,
  }
})
