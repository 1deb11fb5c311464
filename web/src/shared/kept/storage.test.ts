import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { keepOnlyOurs, keysOf, removeFrom } from './storage'

const { setItem } = Storage.prototype
beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
})
afterEach(() => { Storage.prototype.setItem = setItem })

it('a storage loses what is to go and nothing else, however many there are', () => {
  for (let n = 0; n < 20; n += 1) localStorage.setItem(`${n % 2 === 0 ? 'gone' : 'stays'}${n}`, 'x')
  removeFrom(localStorage, (key) => key.startsWith('gone'))
  expect(keysOf(localStorage).sort()).toEqual(Array.from({ length: 10 }, (_, n) => `stays${2 * n + 1}`).sort())
})

it('what a library would keep in clear is not kept, and it finds nothing', () => {
  keepOnlyOurs()
  localStorage.setItem('TIM_1400000000_lin_conversationMap', '{"lastMessage":"words"}')
  sessionStorage.setItem('tim_error_assistance', 'x')
  localStorage.setItem('hotline.language', 'en')
  expect([keysOf(localStorage), keysOf(sessionStorage)]).toEqual([['hotline.language'], []])
  expect(localStorage.getItem('TIM_1400000000_lin_conversationMap')).toBeNull()
})

it('Tencent\'s SDK, which has no setting for it, keeps nothing', async () => {
  const LAST_WORDS = 'TIM_1400000000_lin_conversationMap'
  localStorage.setItem(LAST_WORDS, 'of before')
  const seen: (string | null)[] = []
  vi.doMock('tim-upload-plugin', () => ({ default: {} }))
  vi.doMock('@tencentcloud/chat', () => ({
    default: {
      create() {
        seen.push(localStorage.getItem(LAST_WORDS))
        localStorage.setItem(LAST_WORDS, 'words')
        throw new Error('the rest is not of interest')
      },
    },
  }))
  const { tencentChat } = await import('@/shared/im/tencent')
  const nothing = (): void => {}
  const chat = tencentChat(1_400_000_000, 'lin', { said: nothing, recalled: nothing, read: nothing, failed: nothing, stale: nothing })
  await expect(chat).rejects.toThrow('the rest')
  expect([seen, keysOf(localStorage)]).toEqual([[null], []])
})
