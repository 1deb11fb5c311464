// The clock of one talk, counted from what the server said: when it began, what was said last, what it announced. Pure.

import type { Config } from '@/api/types'
import { isNotice, type Message } from '@/shared/im/chat'

/** How long things may last, in seconds, as `/config` says for the institution. */
export interface Limits {
  textSeconds: number
  voiceSeconds: number
  silenceNoticeSeconds: number
  silenceEndSeconds: number
}

/** Where the server does not say: the defaults of config.toml. */
export const USUAL_LIMITS: Limits = { textSeconds: 3600, voiceSeconds: 2400, silenceNoticeSeconds: 600, silenceEndSeconds: 300 }

export const limitsOf = (config: Config | null): Limits => ({
  ...USUAL_LIMITS, ...config?.limits,
})

/** What is known of a talk's time; epoch milliseconds. */
export interface Facts {
  start: number
  /** When a person said something last. */
  lastSaid: number | null
  /** Nobody has said anything, or the last message is the counselor's. */
  isVisitorsTurn: boolean
  /** When the call began that is under way. */
  callStart: number | null
  /** When the two were asked whether there is anything else, and nobody has answered. */
  silenceNoticed: number | null
  /** The end that was announced, and when it was. */
  announced: { at: number, end: number } | null
}

/** `visitor` is the user name of the one whose last message must not stay without an answer. */
export function factsOf(messages: readonly Message[], start: number, callStart: number | null, visitor: string): Facts {
  const facts: Facts = { start, lastSaid: null, isVisitorsTurn: true, callStart, silenceNoticed: null, announced: null }
  for (const message of messages) {
    if (message.state !== 'stored') continue
    if (!isNotice(message)) {
      facts.lastSaid = Math.max(facts.lastSaid ?? 0, message.time)
      facts.isVisitorsTurn = message.from !== visitor
      facts.silenceNoticed = null
      continue
    }
    const { kind, seconds } = message.notice ?? {}
    if (kind === 'silence') facts.silenceNoticed = message.time
    if (kind === 'limit' && seconds) facts.announced = { at: message.time, end: message.time + seconds * 1000 }
  }
  return facts
}

/** When it must end at the latest. What the server announced goes before what we count, unless a call came after it. */
export function endOf({ start, callStart, announced }: Facts, limits: Limits): number {
  if (announced !== null && (callStart === null || callStart <= announced.at)) return announced.end
  const text = start + limits.textSeconds * 1000
  const voice = limits.voiceSeconds * 1000
  return callStart === null ? text : Math.min(callStart + voice, text + voice)
}

export interface Silence {
  /** What comes next: the question whether there is anything else, or the end. */
  next: 'notice' | 'end'
  /** When nobody says anything. */
  at: number
}

/** What a silence leads to: to nothing in a call, and never for a visitor who waits for an answer. */
export function silenceOf({ start, lastSaid, isVisitorsTurn, callStart, silenceNoticed }: Facts, limits: Limits): Silence | null {
  if (callStart !== null || !isVisitorsTurn) return null
  return silenceNoticed === null
    ? { next: 'notice', at: Math.max(start, lastSaid ?? start) + limits.silenceNoticeSeconds * 1000 }
    : { next: 'end', at: silenceNoticed + limits.silenceEndSeconds * 1000 }
}

/** Silence is spoken of only when its end is near. */
const SILENCE_NEAR_MS = 3 * 60_000
const SOON_MS = 10 * 60_000
const NOW_MS = 5 * 60_000

export interface TalkClock {
  elapsed: number
  /** Until the limit; never negative. */
  left: number
  tone: 'calm' | 'soon' | 'now'
  /** Worth a word; `left` never negative. */
  silence: { next: Silence['next'], left: number } | null
}

export function clockOf(facts: Facts, limits: Limits, now: number): TalkClock {
  const left = Math.max(0, endOf(facts, limits) - now)
  const silence = silenceOf(facts, limits)
  const isNear = silence !== null && (silence.next === 'end' || silence.at - now <= SILENCE_NEAR_MS)
  return {
    elapsed: Math.max(0, now - facts.start),
    left,
    tone: left <= NOW_MS ? 'now' : left <= SOON_MS ? 'soon' : 'calm',
    silence: isNear ? { next: silence.next, left: Math.max(0, silence.at - now) } : null,
  }
}
