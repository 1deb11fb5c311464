// Tencent's IM. The only file that knows its SDK, and loaded only when the server says so.

import { signIm } from '@/api/messages'
import { keepOnlyOurs, removeFrom } from '@/shared/kept/storage'
import { bodyOf, wellFormed, type Addressee, type Chat, type ChatListener, type Content, type Message } from './chat'

/** What we use of a message of the SDK. */
export interface SdkMessage {
  ID: string
  type: string
  payload: unknown
  from: string
  to: string
  /** Seconds. */
  time: number
  sequence: number
  random: number
  isRevoked: boolean
  isPeerRead: boolean
  cloudCustomData: string
}

/** What we use of the SDK; the tests have a fake of it. */
export interface Sdk {
  login: (options: { userID: string, userSig: string }) => Promise<unknown>
  destroy: () => Promise<unknown>
  on: (event: string, handler: (event: { data: unknown }) => void) => void
  createTextMessage: (options: SdkOptions<{ text: string }>) => SdkMessage
  createImageMessage: (options: SdkOptions<{ file: File }>) => SdkMessage
  sendMessage: (message: SdkMessage) => Promise<{ data: { message: SdkMessage } }>
  revokeMessage: (message: SdkMessage) => Promise<unknown>
  setMessageRead: (options: { conversationID: string }) => Promise<unknown>
  getMessageList: (options: { conversationID: string }) => Promise<{ data: { messageList: SdkMessage[] } }>
}

interface SdkOptions<P> { to: string, conversationType: 'C2C', payload: P, cloudCustomData: string }

/** Why the SDK was logged out, if only its signature was too old. */
export const SIGNATURE_EXPIRED = 'userSigExpired'

/** The SDK's names of what happens. */
export const EVENT = {
  ready: 'sdkStateReady',
  received: 'onMessageReceived',
  revoked: 'onMessageRevoked',
  readByPeer: 'onMessageReadByPeer',
  kicked: 'kickedOut',
}

let keepsNothing = false

/** The SDK keeps profiles and the last messages of each talk in this browser, in clear and for ever. Nothing here needs that. */
function keepNothing(): void {
  removeFrom(localStorage, (key) => /^tim_/i.test(key))
  if (!keepsNothing) keepOnlyOurs()
  keepsNothing = true
}

export async function tencentChat(sdkAppId: number, username: string, listener: ChatListener): Promise<Chat> {
  keepNothing()
  const [{ default: TencentCloudChat }, { default: uploadPlugin }] = await Promise.all([
    import('@tencentcloud/chat'), import('tim-upload-plugin'),
  ])
  const sdk = TencentCloudChat.create({ SDKAppID: sdkAppId })
  // The SDK logs people's words at its default level.
  sdk.setLogLevel(4)
  sdk.registerPlugin({ 'tim-upload-plugin': uploadPlugin })
  const chat = new TencentChat(sdk as unknown as Sdk, username, signIm, listener)
  await chat.logIn()
  return chat
}

export class TencentChat implements Chat {
  private ready: Promise<void>
  private isReady: () => void = () => {}
  /** Messages of the SDK by what the record knows of them: it takes back only its own objects. */
  private readonly known = new Map<string, SdkMessage>()
  private stopped = false
  /** Another window of the same person took over; who writes here takes it back. Both insisting would never end. */
  private isOut = false

  constructor(
    private readonly sdk: Sdk,
    private readonly username: string,
    private readonly sign: () => Promise<string>,
    private readonly listener: ChatListener,
  ) {
    this.ready = this.unready()
    sdk.on(EVENT.ready, () => {
      this.isReady()
      listener.stale()
    })
    sdk.on(EVENT.received, ({ data }) => { (data as SdkMessage[]).forEach((message) => { this.said(message) }) })
    sdk.on(EVENT.revoked, ({ data }) => { (data as SdkMessage[]).forEach((message) => { this.said({ ...message, isRevoked: true }) }) })
    sdk.on(EVENT.readByPeer, ({ data }) => { (data as SdkMessage[]).forEach((message) => { this.said({ ...message, isPeerRead: true }) }) })
    sdk.on(EVENT.kicked, ({ data }) => { this.kicked((data as { type?: string } | null)?.type) })
  }

  async logIn(): Promise<void> {
    this.isOut = false
    await this.sdk.login({ userID: this.username, userSig: await this.sign() })
  }

  private unready(): Promise<void> {
    return new Promise((resolve) => { this.isReady = resolve })
  }

  private kicked(why: string | undefined): void {
    if (this.stopped) return
    this.ready = this.unready()
    this.isOut = true
    // What is written next tries again, should this fail.
    if (why === SIGNATURE_EXPIRED) this.logIn().catch(() => { this.isOut = true })
  }

  private async toBeReady(): Promise<void> {
    if (this.isOut) await this.logIn()
    await this.ready
  }

  say(to: Addressee, ref: string, content: Content): void {
    this.send(to, ref, content).catch((error: unknown) => {
      this.listener.failed(ref, { key: '', words: error instanceof Error ? error.message : '' })
    })
  }

  private async send(to: Addressee, ref: string, content: Content): Promise<void> {
    await this.toBeReady()
    // The server finds the talk by it.
    const common = { to: to.peer, conversationType: 'C2C' as const, cloudCustomData: to.conversation }
    const message = 'text' in content
      ? this.sdk.createTextMessage({ ...common, payload: { text: wellFormed(content.text) } })
      : this.sdk.createImageMessage({ ...common, payload: { file: new File([content.image], 'image', { type: content.image.type }) } })
    const { data } = await this.sdk.sendMessage(message)
    this.said(data.message, ref)
  }

  async recall(to: Addressee, message: Message): Promise<void> {
    await this.toBeReady()
    const key = keyOf(message)
    if (!this.known.has(key)) {
      // Said before the page was loaded.
      const { data } = await this.sdk.getMessageList({ conversationID: `C2C${to.peer}` })
      data.messageList.forEach((listed) => this.known.set(keyOf(listed), listed))
    }
    const own = this.known.get(key)
    if (own === undefined) throw new Error('')
    await this.sdk.revokeMessage(own)
    this.said({ ...own, isRevoked: true }, message.ref)
  }

  read(to: Addressee): void {
    // It comes again with the next look at the talk.
    void this.ready.then(() => this.sdk.setMessageRead({ conversationID: `C2C${to.peer}` })).catch(() => undefined)
  }

  stop(): void {
    this.stopped = true
    void this.sdk.destroy()
  }

  /** Only what names its talk is shown live; the rest is the record's to place. */
  private said(message: SdkMessage, ref: string | null = null): void {
    this.known.set(keyOf(message), message)
    if (!/^[0-9a-f]{32}$/.test(message.cloudCustomData)) return
    this.listener.said(message.cloudCustomData, {
      key: ref ?? message.ID,
      id: null,
      ref,
      from: message.from,
      time: message.time * 1000,
      body: bodyOf(message.type, message.payload),
      isRevoked: message.isRevoked,
      isReadByPeer: message.isPeerRead,
      sequence: message.sequence,
      random: message.random,
      notice: null,
      state: 'stored',
      reason: null,
    })
  }
}

const keyOf = ({ from, sequence, random }: Pick<SdkMessage, 'from' | 'sequence' | 'random'>): string =>
  `${from} ${sequence} ${random}`
