import { describe, expect, it } from 'vitest'
import { bodyOf, fromRecord, notice, wellFormed, type Message, type Reason } from './chat'
import { failed, merge, mergeRecord, ownReadUntil, readUntil, recalled, seenBefore, unread } from './thread'

const said = (key: string, time: number, some: Partial<Message> = {}): Message => ({
  key, id: key, ref: null, from: 'visitor', time, body: { kind: 'text', text: key }, isRevoked: false, isReadByPeer: false,
  sequence: 0, random: 0, notice: null, state: 'stored', reason: null, ...some,
})
const NO: Reason = { key: '', words: 'no' }
const keys = (messages: Message[]): string[] => messages.map(({ key }) => key)

describe('the messages of a talk', () => {
  it('stand in the order of their time, what is on its way last', () => {
    const going = said('going', 1, { id: null, ref: 'r', state: 'sending' })
    expect(keys(merge([said('b', 2)], [going, said('c', 3), said('a', 1)]))).toEqual(['a', 'b', 'c', 'going'])
  })

  it('are there once, however often they are told', () => {
    const own = said('r1', 5, { id: null, ref: 'r1', state: 'sending' })
    let thread = merge([], [own])
    thread = merge(thread, [said('m1', 7, { ref: 'r1' })])
    expect(thread).toMatchObject([{ key: 'r1', id: 'm1', state: 'stored', time: 7 }])
    thread = merge(thread, [said('m1', 7), said('m1', 7)])
    expect(thread).toMatchObject([{ key: 'r1', id: 'm1', ref: 'r1' }])
  })

  it('are there once, also when the record knows what was never answered', () => {
    const going = said('r1', 5, { id: null, ref: 'r1', state: 'sending' })
    const thread = merge([going], [said('m1', 7)])
    expect(merge(thread, [said('m1', 7, { ref: 'r1' })])).toMatchObject([{ id: 'm1', ref: 'r1', state: 'stored' }])
  })

  it('of Tencent are the same by what the sender drew', () => {
    const live = said('144115', 2, { id: null, sequence: 7, random: 99 })
    const row = said('m1', 2, { sequence: 7, random: 99 })
    const other = said('m2', 2, { sequence: 7, random: 98 })
    expect(merge([live], [row, other])).toMatchObject([{ key: '144115', id: 'm1' }, { id: 'm2' }])
  })

  it('of ours have neither, and are told apart nevertheless', () => {
    expect(merge([said('m1', 1)], [said('m2', 1)])).toHaveLength(2)
    const waiting = said('r1', 1, { id: null, ref: 'r1', state: 'sending' })
    expect(merge([waiting], [said('m1', 1)])).toHaveLength(2)
  })

  it('keep the finer time where the record knows only the second', () => {
    const thread = merge([said('a', 1500), said('b', 1700)], [said('b', 1000), said('a', 1000)])
    expect(thread.map(({ time }) => time)).toEqual([1500, 1700])
  })

  it('keep the order of the record within a second', () => {
    const thread = mergeRecord([said('a', 1100), said('c', 1700)], [said('a', 1000), said('b', 1000), said('c', 1000), said('d', 1000)])
    expect(keys(thread)).toEqual(['a', 'b', 'c', 'd'])
    expect(keys(merge(thread, [said('e', 1900)]))).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('stay taken back and read, also when an older answer comes late', () => {
    const thread = readUntil(recalled([said('a', 1), said('b', 2)], 'a'), 'counselor', 5)
    expect(merge(thread, [said('a', 1), said('b', 2)])).toMatchObject([
      { isRevoked: true, isReadByPeer: true }, { isReadByPeer: true },
    ])
  })

  it('hold a notice once that came as an event and stands in the record', () => {
    const told = notice(12, 10_000, 'silence', '请问还有什么需要继续咨询的吗？')
    const row = { ...told, key: 'm9', id: 'm9', time: 11_000 }
    expect(merge(merge([], [told]), [row])).toMatchObject([{ key: 'notice-12', id: 'm9' }])
    expect(merge([told], [{ ...row, time: 700_000 }])).toHaveLength(2)
  })

  it('are read until a time, and one does not read one\'s own', () => {
    const thread = [said('a', 1), said('b', 5), said('c', 2, { from: 'counselor' })]
    expect(readUntil(thread, 'counselor', 3).map(({ isReadByPeer }) => isReadByPeer)).toEqual([true, false, false])
  })

  it('show what the peer has read of one\'s own, and from where the news begin', () => {
    const thread = [said('a', 1), said('own', 2, { from: 'me' }), said('b', 3), notice(1, 4, 'silence', '…'), said('late', 9, { from: 'me' }), said('c', 5)]
    expect(ownReadUntil(thread, 'me', 3).map(({ isReadByPeer }) => isReadByPeer)).toEqual([false, true, false, false, false, false])
    expect([0, 1, 2, 3, 9].map((count) => seenBefore(thread, 'me', count))).toEqual([5, 3, 1, 0, 0])
  })

  it('can fail, unless they arrived after all', () => {
    const thread = [said('a', 1, { ref: 'x' }), said('b', 1, { id: null, ref: 'y', state: 'sending' })]
    expect(failed(failed(thread, 'x', NO), 'y', NO)).toMatchObject([{ state: 'stored' }, { state: 'failed', reason: NO }])
  })

  it('count as unread when another said them later than was seen', () => {
    const thread = [
      said('seen', 1), said('own', 5, { from: 'me' }), said('new', 5), notice(1, 6, 'silence', '…'), said('gone', 7, { isRevoked: true }),
    ]
    expect(unread(thread, 'me', 1)).toBe(1)
  })
})

describe('what a message holds', () => {
  const image = (url: unknown): unknown => ({ imageInfoArray: [{ url, width: 3, height: 2, size: 9, type: 1 }] })

  it('is words, or a picture of ours or Tencent\'s', () => {
    expect(bodyOf('TIMTextElem', { text: '<b>你好</b>' })).toEqual({ kind: 'text', text: '<b>你好</b>' })
    expect(bodyOf('TIMImageElem', image('/im/image/0a'))).toEqual({ kind: 'image', url: '/im/image/0a', width: 3, height: 2 })
    expect(bodyOf('TIMImageElem', image('https://cos.example.com/a.png'))).toMatchObject({ kind: 'image' })
  })

  it.each(['javascript:alert(1)', '/logout', '//evil.example/a.png', '/im/image/../../logout', 'data:image/svg+xml,<svg/>', null, 7])(
    'is no picture from %s', (url) => {
      expect(bodyOf('TIMImageElem', image(url))).toEqual({ kind: 'other', type: 'TIMImageElem', url: null })
    })

  it('is named where we cannot show it, and linked only safely', () => {
    expect(bodyOf('TIMSoundElem', { url: 'https://x/1.m4a' })).toEqual({ kind: 'other', type: 'TIMSoundElem', url: 'https://x/1.m4a' })
    expect(bodyOf('TIMFileElem', { fileUrl: 'javascript:alert(1)' })).toEqual({ kind: 'other', type: 'TIMFileElem', url: null })
    for (const odd of [null, 'text', 3, [], { imageInfoArray: 'x' }, { imageInfoArray: [null] }]) {
      expect(bodyOf('TIMImageElem', odd).kind).toBe('other')
    }
  })

  it('is a link where a picture has no TLS, and says of itself what it can', () => {
    expect(bodyOf('TIMImageElem', image('http://cos.example.com/a.png'))).toEqual({ kind: 'other', type: 'TIMImageElem', url: 'http://cos.example.com/a.png' })
    expect(bodyOf('TIMRelayElem', { title: '群聊的聊天记录', abstractList: ['甲: 你好', 7, '乙: 嗯'] }))
      .toEqual({ kind: 'other', type: 'TIMRelayElem', url: null, title: '群聊的聊天记录', lines: ['甲: 你好', '乙: 嗯'] })
    expect(bodyOf('TIMLocationElem', { description: '中山北路 3663 号', latitude: 31, longitude: 121 })).toMatchObject({ title: '中山北路 3663 号' })
    expect(bodyOf('TIMSoundElem', { url: 'http://x/1.m4a', second: 12 })).toMatchObject({ url: 'http://x/1.m4a', title: '12″' })
  })

  it('is all of its elements, where it has several', () => {
    const elements = [{ type: 'TIMTextElem', payload: { text: '看这里' } }, { type: 'TIMImageElem', payload: image('/im/image/0a') }]
    const row = { ID: 'm1', type: 'TIMTextElem', payload: { text: '看这里' }, elements, time: 1 } as never
    expect(fromRecord(row).body).toMatchObject({ kind: 'several', parts: [{ kind: 'text' }, { kind: 'image' }] })
  })

  it('is text that every server takes', () => {
    expect(wellFormed('a\uD83Db\uDE0Ac😊')).toBe('a\uFFFDb\uFFFDc😊')
  })

  it('comes from a row of the record, with the finer facts where the server tells them', () => {
    const row = {
      ID: 'm1', type: 'TIMTextElem', payload: { text: 'hi' }, from: 'a', to: 'b', time: 12, isRevoked: false, isPeerRead: false,
      sequence: 1, random: 2,
    } as never
    expect(fromRecord(row)).toMatchObject({ id: 'm1', time: 12_000, isReadByPeer: false })
    expect(fromRecord(Object.assign({}, row, { timeMs: 12_345, isPeerRead: true }) as never)).toMatchObject({ time: 12_345, isReadByPeer: true })
  })
})
