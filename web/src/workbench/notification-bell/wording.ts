// What a call says, in words.

import { useI18n } from 'vue-i18n'
import { useMe } from '@/shared/stores/me'
import { usePeople } from '@/shared/stores/people'
import type { Call } from '@/shared/socket/calls'

const MINUTE_MS = 60_000

/** `now` is the server's. */
export function useWording(): { say: (call: Call, now: number) => string, do: (call: Call) => string } {
  const { t } = useI18n()
  const me = useMe()
  const people = usePeople()
  const nameOf = (id: string | null, role: 'counselor' | 'visitor'): string => (id === null ? '' : people.nameOf(id)) || t(`role.${role}`)

  function say({ kind, since, counselor, visitor, talks }: Call, now: number): string {
    const n = Math.max(0, Math.floor((now - since) / MINUTE_MS))
    switch (kind) {
      case 'unanswered':
        return counselor === me.me?.id
          ? t('desk.bell.unanswered', { n, visitor: nameOf(visitor, 'visitor') })
          : t('desk.bell.unansweredOf', { n, counselor: nameOf(counselor, 'counselor'), visitor: nameOf(visitor, 'visitor') })
      case 'counselor-lost':
        return t('desk.bell.lost', { n: talks.length, counselor: nameOf(counselor, 'counselor') })
      default:
        return t(`desk.bell.${kind}`)
    }
  }
  const open = ({ kind }: Call): string => (kind === 'counselor-lost' ? t('desk.bell.toOverview') : t('desk.bell.open'))
  return { say, do: open }
}
