import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ChatListener, Message } from './chat'
import { EVENT, SIGNATURE_EXPIRED, TencentChat, type Sdk, type SdkMessage } from './tencent'

const CONVERSATION = '01a20a49249075379b2f92152cebc161'
const TO = { conversation: CONVERSATION, peer: 'zixunshi1' }

/** The SDK as far as we use it: what is sent comes back with a number. */
class FakeSdk implements Sdk {
  handlers = new Map<string, (event: { data: unknown }) => void>()
  sent: SdkMessage[] = []
  listed: SdkMessage[] = []
  revoked: SdkMessage[] = []
  read: string[] = []
  logins = 0
  login = vi.fn(() => { this.logins += 1; return Promise.resolve() })
  destroy = vi.fn(() => Promise.resolve())
  on(event: string, handler: (event: { data: unknown }) => void): void { this.handlers.set(event, handler) }
  happens(event: string, data: unknown = null): void { this.handlers.get(event)?.({ data }) }
  createTextMessage = ({ to, payload, cloudCustomData }: { to: string, payload: { text: string }, cloudCustomData: string }): SdkMessage =>
    sdkMessage({ to, payload, cloudCustomData })

  createImageMessage = ({ to, payload, cloudCustomData }: { to: string, payload: { file: File }, cloudCustomData: string }): SdkMessage => {
    const imageInfoArray = [{ url: `https://cos.example.com/${payload.file.name}.png`, width: 4, height: 3, type: 1 }]
    return sdkMessage({ to, type: 'TIMImageElem', payload: { imageInfoArray }, cloudCustomData })
  }

  sendMessage = vi.fn((message: SdkMessage) => {
    this.sent.push(message)
    return Promise.resolve({ data: { message: { ...message, sequence: this.sent.length } } })
  })

  revokeMessage = (message: SdkMessage): Promise<void> => { this.revoked.push(message); return Promise.resolve() }
  setMessageRead = ({ conversationID }: { conversationID: string }): Promise<void> => { this.read.push(conversationID); return Promise.resolve() }
  getMessageList = (): Promise<{ data: { messageList: SdkMessage[] } }> => Promise.resolve({ data: { messageList: this.listed } })
}

function sdkMessage(some: Partial<SdkMessage> = {}): SdkMessage {
  return {
    ID: '144115-1', type: 'TIMTextElem', payload: { text: 'hi' }, from: 'fangke', to: 'zixunshi1', time: 12, sequence: 1, random: 77,
    isRevoked: false, isPeerRead: false, cloudCustomData: CONVERSATION, ...some,
  }
}

let sdk: FakeSdk
let told: [string, Message][]
let failures: unknown[]
let stale: number
let chat: TencentChat
const settled = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve) })

beforeEach(async () => {
  sdk = new FakeSdk()
  told = []
  failures = []
  stale = 0
  const listener: ChatListener = {
    said: (conversation, message) => told.push([conversation, message]),
    recalled: () => { throw new Error('Tencent tells it as a message') },
    read: () => { throw new Error('Tencent tells it as a message') },
    failed: (ref, reason) => failures.push([ref, reason]),
    stale: () => { stale += 1 },
  }
  chat = new TencentChat(sdk, 'fangke', () => Promise.resolve('signature'), listener)
  await chat.logIn()
})

describe('Tencent\'s IM', () => {
  it('logs in as the user name, with the server\'s signature', () => {
    expect(sdk.login).toHaveBeenCalledWith({ userID: 'fangke', userSig: 'signature' })
  })

  it('says nothing before the SDK is ready, and names the talk', async () => {
    chat.say(TO, 'r1', { text: '你好' })
    await settled()
    expect(sdk.sent).toEqual([])
    sdk.happens('sdkStateReady')
    await settled()
    expect(sdk.sent).toMatchObject([{ to: 'zixunshi1', payload: { text: '你好' }, cloudCustomData: CONVERSATION }])
    expect([told, stale]).toMatchObject([[[CONVERSATION, { ref: 'r1', state: 'stored', time: 12_000, random: 77 }]], 1])
  })

  it('sends a picture as a file', async () => {
    sdk.happens('sdkStateReady')
    chat.say(TO, 'r1', { image: new Blob(['x'], { type: 'image/png' }) })
    await settled()
    expect(told).toMatchObject([[CONVERSATION, { ref: 'r1', body: { kind: 'image', width: 4 } }]])
  })

  it('tells what could not be said', async () => {
    sdk.happens('sdkStateReady')
    sdk.sendMessage.mockRejectedValueOnce(new Error('120001'))
    chat.say(TO, 'r1', { text: 'hi' })
    await settled()
    expect(failures).toEqual([['r1', { key: '', words: '120001' }]])
  })

  it('tells what comes, is taken back and is read, each of its talk', () => {
    const message = sdkMessage({ from: 'zixunshi1' })
    sdk.happens('onMessageReceived', [message, sdkMessage({ cloudCustomData: 'of another program' })])
    sdk.happens('onMessageRevoked', [message])
    sdk.happens('onMessageReadByPeer', [message])
    expect(told.map(([, { isRevoked, isReadByPeer }]) => [isRevoked, isReadByPeer])).toEqual([[false, false], [true, false], [false, true]])
    expect(told.every(([conversation]) => conversation === CONVERSATION)).toBe(true)
  })

  it('takes back its own message, also one said before the page was loaded', async () => {
    sdk.happens('sdkStateReady')
    const mine = { from: 'fangke', sequence: 4, random: 9, ref: null } as Message
    await expect(chat.recall(TO, mine)).rejects.toThrow()
    sdk.listed = [sdkMessage({ sequence: 4, random: 9 })]
    await chat.recall(TO, mine)
    expect([sdk.revoked, told.at(-1)?.[1].isRevoked]).toMatchObject([[{ sequence: 4 }], true])
  })

  it('tells Tencent what was read', async () => {
    sdk.happens('sdkStateReady')
    chat.read(TO)
    await settled()
    expect(sdk.read).toEqual(['C2Czixunshi1'])
  })

  it('logs in again when its signature is too old, but not after its end', async () => {
    sdk.happens('kickedOut', { type: 'userSigExpired' })
    await settled()
    expect(sdk.logins).toBe(2)
    chat.stop()
    sdk.happens('kickedOut', { type: 'userSigExpired' })
    await settled()
    expect([sdk.logins, sdk.destroy.mock.calls.length]).toEqual([2, 1])
  })

  it('leaves the place to another window until something is said here', async () => {
    sdk.happens('sdkStateReady')
    sdk.happens('kickedOut', { type: 'multipleAccount' })
    await settled()
    expect(sdk.logins).toBe(1)
    chat.say(TO, 'r1', { text: 'hi' })
    await settled()
    expect([sdk.logins, sdk.sent.length]).toEqual([2, 0])
    sdk.happens('sdkStateReady')
    await settled()
    expect(sdk.sent).toHaveLength(1)
  })

  it('calls things as the SDK does', async () => {
    const { default: TencentCloudChat } = await import('@tencentcloud/chat')
    const named = TencentCloudChat as unknown as { EVENT: Record<string, string>, TYPES: Record<string, string> }
    const { SDK_READY, MESSAGE_RECEIVED, MESSAGE_REVOKED, MESSAGE_READ_BY_PEER, KICKED_OUT } = named.EVENT
    expect(EVENT).toEqual({
      ready: SDK_READY, received: MESSAGE_RECEIVED, revoked: MESSAGE_REVOKED, readByPeer: MESSAGE_READ_BY_PEER, kicked: KICKED_OUT,
    })
    expect([SIGNATURE_EXPIRED, 'C2C']).toEqual([named.TYPES.KICKED_OUT_USERSIG_EXPIRED, named.TYPES.CONV_C2C])
  })
})
