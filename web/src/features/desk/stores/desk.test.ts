import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick } from 'vue'
import type { Conversation } from '@/api/types'
import type { Message } from '@/shared/im/chat'
import type { EventFrame, Talk } from '@/api/frames'
import { useChats } from '@/shared/stores/chats'
import { useLive } from '@/shared/stores/live'
import { useMe } from '@/shared/stores/me'
import { isOver, useDesk } from './desk'

/** What the server answers about a talk, and how often it was asked. */
const answers = new Map<string, () => Promise<unknown>>()
const asked: string[] = []
vi.mock('@/api/session', () => ({
  api: () => ({
    GET: async (path: string, { params }: { params: { path?: { id: string }, query?: { conversationId?: string } } }) => {
      const key = params.path?.id ?? (path === '/message/conversation/web' ? `words ${params.query?.conversationId}` : path)
      asked.push(key)
      const result = await (answers.get(key)?.() ?? Promise.resolve([]))
      return { data: { code: 0, result, count: 0 }, response: new Response('', { status: 200 }) }
    },
  }),
  rawFetch: vi.fn(),
  uploadImage: vi.fn(),
}))

const ME = 'counselor'
const person = (id: string) => ({ id, username: id, name: id, avatarUrl: null, type: 'VISITOR' })
const talk = (id: string, some: Partial<Talk> = {}): Talk => ({
  id, visitor: 'visitor', counselor: ME, wanted: ME, consultation: null, status: 'IN_PROGRESS', conversationType: 'COUNSELING_SESSION',
  priority: 'NORMAL', common: false, createdTime: 1, startTime: 2, unansweredSince: null, ...some,
})
const conversation = (id: string, some: object = {}): Conversation => ({
  id, status: 'IN_PROGRESS', user: person('visitor'), counselor: person(ME), supervisor: null, supervise: null, consultation: null,
  startTime: 2, endTime: null, endReason: null, priority: 'NORMAL', conversationType: 'COUNSELING_SESSION', ...some,
}) as unknown as Conversation
const said = (id: string, from: string, time: number): Message => ({
  key: id, id, ref: null, from, time, body: { kind: 'text', text: id }, isRevoked: false, isReadByPeer: false, sequence: 0, random: 0, notice: null,
  state: 'stored', reason: null,
})

/** The desk as it is kept by the bell, and a way to tell it what happens. */
function subscribed(active: Talk[]) {
  setActivePinia(createPinia())
  const live = useLive()
  let tell: (event: EventFrame) => void = () => {}
  vi.spyOn(live, 'onEvent').mockImplementation((listener) => {
    tell = listener
    return () => {}
  })
  useMe().me = { id: ME, username: ME, type: 'COUNSELOR' } as never
  live.view = { ...live.view, active }
  const desk = useDesk()
  const leave = effectScope().run(() => desk.subscribe()) as () => void
  const event = (name: EventFrame['event'], about: Talk, more: object = {}): EventFrame =>
    ({ type: 'event', seq: 1, time: 50, event: name, conversation: about.id, talk: about, ...more }) as EventFrame
  return { desk, leave, tell: (frame: EventFrame) => { tell(frame) }, event }
}
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  await nextTick()
}

beforeEach(() => {
  answers.clear()
  asked.length = 0
})

describe('the desk', () => {
  it('learns who is in a talk that it serves, and reads its words', async () => {
    answers.set('a', async () => conversation('a'))
    const { desk } = subscribed([talk('a')])
    await settled()
    expect(desk.details.get('a')?.user?.name).toBe('visitor')
    expect(asked).toContain('words a')
  })

  it('says at once that a talk is over and why, before the server has answered', async () => {
    answers.set('a', async () => conversation('a'))
    const { desk, tell, event } = subscribed([talk('a')])
    await settled()
    answers.set('a', () => new Promise(() => {}))
    tell(event('ended', talk('a', { status: 'FINISHED' }), { endReason: 'visitor' }))
    expect(isOver(desk.details.get('a'))).toBe(true)
    expect(desk.details.get('a')).toMatchObject({ endReason: 'visitor', endTime: 50 })
  })

  it('asks once more when something happened while it was asking', async () => {
    const { desk, tell, event } = subscribed([])
    let answer: (value: unknown) => void = () => {}
    answers.set('a', () => new Promise((resolve) => { answer = resolve }))
    void desk.fetchConversation('a')
    await settled()
    tell(event('priority-changed', talk('a', { priority: 'URGENT' })))
    answers.set('a', async () => conversation('a', { priority: 'URGENT' }))
    answer(conversation('a'))
    await settled()
    expect(asked.filter((id) => id === 'a')).toHaveLength(2)
    expect(desk.details.get('a')?.priority).toBe('URGENT')
  })

  it('counts unread words of a talk with those of its supervisor, until that is over', async () => {
    answers.set('a', async () => conversation('a', { supervise: conversation('s', { counselor: person('supervisor') }) }))
    const { desk } = subscribed([talk('a')])
    await settled()
    const chats = useChats()
    vi.spyOn(chats, 'unreadOf').mockImplementation((id) => ({ a: 2, s: 3 }[id] ?? 0))
    chats.thread('a').messages = [said('1', 'visitor', 3)]
    expect(asked).toContain('words s')
    expect(desk.unreadOf('a')).toBe(5)
    desk.keep(conversation('a', { supervise: conversation('s', { status: 'FINISHED' }) }))
    expect(desk.unreadOf('a')).toBe(2)
  })

  it('reads the consultation again when its supervision begins', async () => {
    const { desk, tell, event } = subscribed([])
    answers.set('a', async () => conversation('a'))
    desk.open('a')
    await settled()
    asked.length = 0
    tell(event('assigned', talk('s', { consultation: 'a', conversationType: 'REQUEST_SUPERVISE' })))
    await settled()
    expect(asked).toContain('words a')
    expect(desk.about.get('s')).toBe('a')
  })

  it('forgets a talk that is over once nobody looks at it, and reads it again when somebody does', async () => {
    answers.set('a', async () => conversation('a'))
    const { desk, tell, event } = subscribed([talk('a')])
    const chats = useChats()
    desk.show('a')
    await settled()
    useLive().view = { ...useLive().view, active: [] }
    answers.set('a', async () => conversation('a', { status: 'FINISHED' }))
    tell(event('ended', talk('a', { status: 'FINISHED' }), { endReason: 'visitor' }))
    await settled()
    expect([desk.details.has('a'), chats.threads.has('a')], 'it is open').toEqual([true, true])
    desk.hide('a')
    expect([desk.details.has('a'), chats.threads.has('a')]).toEqual([false, false])
    desk.show('a')
    await settled()
    expect([desk.details.has('a'), chats.threads.has('a')]).toEqual([true, true])
  })

  it('forgets a talk that ended unseen, and none that goes on', async () => {
    answers.set('a', async () => conversation('a'))
    answers.set('b', async () => conversation('b'))
    const { desk, tell, event } = subscribed([talk('a'), talk('b')])
    await settled()
    desk.show('b')
    desk.hide('b')
    useLive().view = { ...useLive().view, active: [talk('b')] }
    answers.set('a', async () => conversation('a', { status: 'FINISHED' }))
    tell(event('ended', talk('a', { status: 'FINISHED' }), { endReason: 'visitor' }))
    await settled()
    expect([[...desk.details.keys()], [...useChats().threads.keys()]]).toEqual([['b'], ['b']])
  })

  it('forgets everything when its owner leaves', async () => {
    answers.set('a', async () => conversation('a'))
    const { desk, leave } = subscribed([talk('a')])
    await settled()
    leave()
    expect(desk.details.size).toBe(0)
  })
})
