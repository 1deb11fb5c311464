// What went wrong, in words for people.

import { ElMessage } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { NoSession, Refused, Unreachable } from '@/api/answer'

export function useFailure(): { words: (error: unknown) => string, tell: (error: unknown) => void } {
  const { t } = useI18n()
  function words(error: unknown): string {
    if (error instanceof Refused) return error.message || t('state.refused')
    if (error instanceof NoSession) return t('state.noSession')
    if (error instanceof Unreachable) return t('state.unreachable')
    return error instanceof Error && error.message ? error.message : t('state.wrong')
  }
  /** Shows it for a moment; a lost log-in is shown by the log-in page instead. */
  function tell(error: unknown): void {
    if (!(error instanceof NoSession)) ElMessage.error(words(error))
  }
  return { words, tell }
}
