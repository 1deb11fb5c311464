// How somebody is called to the desk: a short sound and a word of the system. Neither names anybody.

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

const MUTED = 'hotline.muted'

/** Two soft notes: hertz and when each begins, in seconds. */
const CALLS = {
  visitor: [[523.25, 0], [659.25, 0.16], [783.99, 0.32]],
  alarm: [[659.25, 0], [523.25, 0.2], [659.25, 0.4]],
  message: [[659.25, 0], [587.33, 0.14]],
} as const
const NOTE_SECONDS = 0.42
const LOUDNESS = 0.14

export type Sound = keyof typeof CALLS
/** Browsers let a page sound only after somebody touched it. */
export type Loudness = 'on' | 'muted' | 'blocked'
export type Permission = NotificationPermission | 'unsupported'

const asked = (): Permission => ('Notification' in window ? Notification.permission : 'unsupported')

export const useAlerts = defineStore('alerts', () => {
  const isMuted = ref(localStorage.getItem(MUTED) === 'true')
  const permission = ref<Permission>(asked())
  /** Until somebody touches the page. */
  const isBlocked = ref(true)
  const loudness = computed<Loudness>(() => (isMuted.value ? 'muted' : isBlocked.value ? 'blocked' : 'on'))
  let audio: AudioContext | null = null

  function mute(yes: boolean): void {
    isMuted.value = yes
    localStorage.setItem(MUTED, String(yes))
    if (!yes) sound('visitor')
  }

  /** A touch allows it; whether it did is said a moment later. */
  function wake(): void {
    if (!('AudioContext' in window)) return
    if (audio === null) {
      audio = new AudioContext()
      audio.onstatechange = look
    }
    if (audio.state === 'suspended') void audio.resume().then(look, look)
    look()
  }

  function look(): void {
    isBlocked.value = audio?.state !== 'running'
  }

  function sound(call: Sound): void {
    if (isMuted.value || audio?.state !== 'running') return
    for (const [hertz, after] of CALLS[call]) {
      const [note, level] = [audio.createOscillator(), audio.createGain()]
      const from = audio.currentTime + after
      note.frequency.value = hertz
      level.gain.setValueAtTime(0, from)
      level.gain.linearRampToValueAtTime(LOUDNESS, from + 0.02)
      level.gain.exponentialRampToValueAtTime(0.0001, from + NOTE_SECONDS)
      note.connect(level).connect(audio.destination)
      note.start(from)
      note.stop(from + NOTE_SECONDS)
    }
  }

  async function allow(): Promise<void> {
    if ('Notification' in window) permission.value = await Notification.requestPermission()
  }

  /** Shown by the system when the page is not before somebody's eyes. */
  function show(title: string, body: string, tag: string, onClick: () => void): void {
    if (asked() !== 'granted' || (document.visibilityState === 'visible' && document.hasFocus())) return
    try {
      const shown = new Notification(title, { body, tag })
      shown.onclick = () => {
        window.focus()
        shown.close()
        onClick()
      }
    } catch {
      // Some systems allow it only to service workers; the sound and the page say the same.
    }
  }

  /** Gets ready to sound: at once if somebody has touched the page, as to log in, else at the first touch; returns the way out. */
  function subscribe(): () => void {
    if (navigator.userActivation?.hasBeenActive) wake()
    document.addEventListener('pointerdown', wake)
    document.addEventListener('keydown', wake)
    return () => {
      document.removeEventListener('pointerdown', wake)
      document.removeEventListener('keydown', wake)
    }
  }

  return { isMuted, permission, loudness, mute, sound, allow, show, subscribe, wake }
})
