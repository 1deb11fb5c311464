import { describe, expect, it } from 'vitest'
import { notice as noticeOf, type Message } from '@/shared/im/chat'
import { clockOf, endOf, factsOf, limitsOf, silenceOf, USUAL_LIMITS } from './limits'

const START = 1_800_000_000_000
const MINUTE = 60_000

function message(from: string, minute: number, text: string, state: Message['state'] = 'stored'): Message {
  return {
    key: `${from}${minute}`, id: `${from}${minute}`, ref: null, from, time: START + minute * MINUTE, body: { kind: 'text', text },
    isRevoked: false, isReadByPeer: false, sequence: 0, random: 0, notice: null, state, reason: null,
  }
}
const notice = (minute: number, name: string): Message => noticeOf(minute, START + minute * MINUTE, name, '…')
const facts = (...messages: Message[]) => factsOf(messages, START, null, 'fangke')
const at = (minute: number): number => START + minute * MINUTE

describe('the clock of a talk', () => {
  it('counts to the limit of a text from the beginning', () => {
    expect(endOf(facts(message('fangke', 3, '你好')), USUAL_LIMITS)).toBe(at(60))
    expect(clockOf(facts(message('fangke', 44, '嗯')), USUAL_LIMITS, at(45))).toEqual({
      elapsed: 45 * MINUTE, left: 15 * MINUTE, tone: 'calm', silence: null,
    })
  })

  it('takes the end that the server announced before its own count', () => {
    const announced = facts(message('fangke', 1, '你好'), notice(30, 'limit-600'))
    expect(endOf(announced, USUAL_LIMITS)).toBe(at(40))
    expect(clockOf(announced, USUAL_LIMITS, at(31)).tone).toBe('soon')
    expect(clockOf(announced, USUAL_LIMITS, at(36)).tone).toBe('now')
    expect(endOf(facts(notice(59, 'limit-30')), USUAL_LIMITS)).toBe(at(59.5))
  })

  it('gives a call its own time, and nobody more than text and one call', () => {
    expect(endOf(factsOf([], START, at(10), 'fangke'), USUAL_LIMITS)).toBe(at(50))
    expect(endOf(factsOf([], START, at(70), 'fangke'), USUAL_LIMITS)).toBe(at(100))
    expect(silenceOf(factsOf([], START, at(10), 'fangke'), USUAL_LIMITS)).toBeNull()
  })

  it('begins a silence with the last word of a person, not of ours', () => {
    expect(silenceOf(facts(), USUAL_LIMITS)).toEqual({ next: 'notice', at: at(10) })
    const said = facts(message('zixunshi1', 4, '你好'), notice(9, 'limit-600'))
    expect(silenceOf(said, USUAL_LIMITS)).toEqual({ next: 'notice', at: at(14) })
  })

  it('speaks of a silence only near its end, and of the end from the question on', () => {
    const quiet = facts(message('zixunshi1', 4, '你好'))
    expect(clockOf(quiet, USUAL_LIMITS, at(10)).silence).toBeNull()
    expect(clockOf(quiet, USUAL_LIMITS, at(12)).silence).toEqual({ next: 'notice', left: 2 * MINUTE })
    const asked = facts(message('zixunshi1', 4, '你好'), notice(14, 'silence'))
    expect(clockOf(asked, USUAL_LIMITS, at(15)).silence).toEqual({ next: 'end', left: 4 * MINUTE })
    expect(clockOf(asked, USUAL_LIMITS, at(30)).silence).toEqual({ next: 'end', left: 0 })
  })

  it('forgets the question when somebody answers, and hears nothing that is not kept', () => {
    const question = notice(14, 'silence')
    expect(silenceOf(facts(question, message('zixunshi1', 15, '好')), USUAL_LIMITS)).toEqual({ next: 'notice', at: at(25) })
    expect(silenceOf(facts(question, message('fangke', 15, '有', 'sending')), USUAL_LIMITS)).toEqual({ next: 'end', at: at(19) })
  })

  it('leads to no end while the last word is the visitor\'s', () => {
    expect(silenceOf(facts(message('zixunshi1', 4, '你好'), message('fangke', 5, '在吗')), USUAL_LIMITS)).toBeNull()
    expect(silenceOf(facts(notice(14, 'silence'), message('fangke', 15, '有')), USUAL_LIMITS)).toBeNull()
  })

  it('goes by the limits of the institution where the server says them', () => {
    const limits = limitsOf({ limits: { textSeconds: 600 } } as never)
    expect(endOf(facts(), limits)).toBe(at(10))
    expect(limitsOf(null)).toEqual(USUAL_LIMITS)
  })
})
