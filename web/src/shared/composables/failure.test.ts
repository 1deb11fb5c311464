import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { NoSession, Refused, Unreachable } from '@/api/answer'
import { makeI18n, speak } from '@/i18n'
import { words } from '@/i18n/workbench'
import { NO_ANSWER, NotRecalled } from '@/shared/im/chat'
import { useFailure } from './failure'

const i18n = makeI18n(words)
/** The words for it on a page of ours. */
function told(error: unknown): string {
  const page = defineComponent({ setup: () => { const { errorText: say } = useFailure(); return () => h('p', say(error)) } })
  return mount(page, { global: { plugins: [i18n] } }).text()
}

describe('what went wrong', () => {
  it('is said as the server said it, which was asked in the page\'s language', () => {
    expect(told(new Refused(-3, 'This user name is taken', 'usernameTaken', 'username'))).toBe('This user name is taken')
  })

  it('is said by the page where the server said nothing, or nothing in its language', () => {
    for (const language of ['zh', 'en'] as const) {
      speak(language)
      const { state, chat } = words[language] as Record<string, Record<string, string & Record<string, string>>>
      expect(told(new Refused(-2, null))).toBe(state?.refused)
      expect(told(new NoSession())).toBe(state?.noSession)
      expect(told(new Unreachable(503))).toBe(state?.unreachable)
      expect(told(new NotRecalled({ key: 'tooLate', words: '消息发送已超过两分钟，不能撤回' }))).toBe(chat?.why?.tooLate)
      expect(told(new NotRecalled(NO_ANSWER))).toBe(chat?.cannotRecall)
      expect(told(new NotRecalled({ key: 'something new', words: '新' }))).toBe(chat?.cannotRecall)
    }
  })
})
