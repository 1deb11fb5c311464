// What went wrong, in words for people.

import { ElMessage } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { NoSession, Refused, Unreachable } from '@/api/answer'
import { NO_ANSWER, NotRecalled } from '@/shared/im/chat'

export function useFailure(): { errorText: (error: unknown) => string, tell: (error: unknown) => void } {
  const { t, te } = useI18n()
  function errorText(error: unknown): string {
    if (error instanceof Refused) return error.message || t('state.refused')
    if (error instanceof NoSession) return t('state.noSession')
    if (error instanceof Unreachable) return t('state.unreachable')
    if (error instanceof NotRecalled) {
      const key = `chat.why.${error.reason.key}`
      // Without an answer it is unknown whether it was: what is said of messages that were not sent does not fit.
      return error.reason !== NO_ANSWER && te(key) ? t(key) : t('chat.cannotRecall')
    }
    return error instanceof Error && error.message ? error.message : t('state.wrong')
  }
  /** Shows it for a moment; a lost log-in is shown by the log-in page instead. */
  function tell(error: unknown): void {
    if (!(error instanceof NoSession)) ElMessage.error(errorText(error))
  }
  return { errorText, tell }
}
