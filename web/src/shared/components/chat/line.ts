// What was said, in one line of text: for lists, and wherever pictures and the like are only named.

import { useI18n } from 'vue-i18n'
import type { Body } from '@/shared/im/chat'

export function useBodyLine(): (body: Body) => string {
  const { t, te } = useI18n()
  function line(body: Body): string {
    switch (body.kind) {
      case 'text':
        return body.text
      case 'image':
        return t('chat.other.TIMImageElem')
      case 'several':
        return body.parts.map(line).join(' ')
      case 'other':
        return te(`chat.other.${body.type}`) ? t(`chat.other.${body.type}`) : t('chat.other.unknown')
    }
  }
  return line
}
