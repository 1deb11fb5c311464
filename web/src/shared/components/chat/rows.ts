// What stands in a list of messages, from top to bottom: the messages, and between them the time.

import { isNotice, type Message } from '@/shared/im/chat'
import { dayOf } from '@/shared/composables/time'

export type Row
  = | { kind: 'time', key: string, time: number }
    | { kind: 'notice', key: string, message: Message }
    | { kind: 'recalled', key: string, message: Message }
    | { kind: 'missing', key: string }
    | { kind: 'said', key: string, message: Message, isOwn: boolean, isFirst: boolean }

/** A silence after which the time is said again. */
const TIME_SHOWN_AFTER_MS = 5 * 60 * 1000

/** With `missing`, a mark stands where messages may be missing: after the message with that key, or at the beginning. */
export function rowsOf(messages: readonly Message[], viewpoint: string, missing?: { after: string | null } | null): Row[] {
  const mark = missing ? [{ kind: 'missing', key: 'missing' } as const] : []
  const at = missing ? messages.findIndex(({ key }) => key === missing.after) + 1 : 0
  const before = said(messages.slice(0, at), viewpoint)
  return [...before, ...mark, ...said(messages.slice(at), viewpoint, messages[at - 1])]
}

function said(messages: readonly Message[], viewpoint: string, last?: Message): Row[] {
  const rows: Row[] = []
  let before = last
  let speaker: string | null = null
  for (const message of messages) {
    if (before === undefined || message.time - before.time >= TIME_SHOWN_AFTER_MS || dayOf(before.time) !== dayOf(message.time)) {
      rows.push({ kind: 'time', key: `time-${message.key}`, time: message.time })
      speaker = null
    }
    before = message
    if (isNotice(message) || message.isRevoked) {
      rows.push({ kind: isNotice(message) ? 'notice' : 'recalled', key: message.key, message })
      speaker = null
      continue
    }
    rows.push({ kind: 'said', key: message.key, message, isOwn: message.from === viewpoint, isFirst: message.from !== speaker })
    speaker = message.from
  }
  return rows
}

/** Whether it is nothing but a few emoji, which are then shown large. */
export function isOnlyEmoji(text: string): boolean {
  const symbols = [...new Intl.Segmenter().segment(text.trim())]
  return symbols.length > 0 && symbols.length <= 3
    && symbols.every(({ segment }) => /^(\p{Extended_Pictographic}|\p{Regional_Indicator})/u.test(segment))
}

/** Emoji for a talk about feelings: calm, warm, few. */
export const EMOJI = [
  '😊', '🙂', '😄', '😅', '😂', '🥲', '😌', '😢', '😭', '😔', '😞', '😟', '😣', '😫', '😰', '😨',
  '😳', '😶', '😐', '🙁', '😠', '😤', '🤔', '😴', '🤗', '🥰', '😇', '🤝', '👍', '👌', '👋', '🙏',
  '💪', '👂', '❤️', '💚', '💔', '🌱', '🌿', '🌸', '🌻', '☀️', '🌈', '⭐', '🍀', '☕', '🎵', '🏠',
]
