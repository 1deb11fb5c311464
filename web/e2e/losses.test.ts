// What is lost and comes back: pages that are reloaded, networks that go away, a server that is killed. Nothing that was
// said is lost or doubled, and nobody has to do anything.

import type { Locator } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { wordsIn, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('losses')
/** Only what is near the window is in the page: here that is everything. */
const HEIGHT = 3200
let visitor: Someone
let counselor: Someone
let supervisor: Someone
/** Everything said with the visitor, in order. */
const said: string[] = []

const ofVisitor = (): Locator => visitor.page.getByRole('log')
const ofCounselor = (): Locator => counselor.page.locator('section.talk').getByRole('log')
const mirrored = (): Locator => supervisor.page.locator('aside.side').getByRole('log')
const input = (someone: Someone): Locator => someone.page.locator('.talk .composer textarea').first()

async function says(someone: Someone, words: string): Promise<void> {
  await input(someone).fill(words)
  await input(someone).press('Enter')
  said.push(words)
}

/** All three see everything, each once, in the order it was said. */
async function allAgree(): Promise<void> {
  for (const log of [ofVisitor(), ofCounselor(), mirrored()]) {
    await expect.poll(() => wordsIn(log)).toEqual(said)
  }
  for (const { page } of [visitor, counselor]) await expect.poll(() => page.locator('.going, .failed').count()).toBe(0)
}

const NETWORK_IS_GONE = [/ERR_INTERNET_DISCONNECTED/, /WebSocket connection .* failed/]

beforeAll(async () => {
  counselor = await at().staff('zixunshi1', { size: { width: 1280, height: HEIGHT } })
  supervisor = await at().staff('dudao1', { size: { width: 1920, height: HEIGHT } })
  await counselor.isConnected()
  await supervisor.isConnected()
  visitor = await at().visitor('losses', { size: { width: 390, height: HEIGHT } })
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
  await counselor.presses(t('desk.ask.button'), counselor.page.locator('.actions'))
  await counselor.presses(t('desk.ask.do'), counselor.page.getByRole('dialog'))
  await supervisor.page.locator('.call-note').first().click()
  await mirrored().waitFor()
})

test('Whoever reloads the page is where they were, and so is what they were writing', async () => {
  await says(visitor, '一，访客先说')
  await says(counselor, '二，咨询师回答')
  await allAgree()
  await input(visitor).fill('还没写完的话')
  for (const someone of [visitor, counselor, supervisor]) {
    await someone.page.reload()
    await someone.isConnected()
  }
  await allAgree()
  expect(await input(visitor).inputValue()).toBe('还没写完的话')
  await says(visitor, '三，刷新之后')
  await allAgree()
})

test.each([['visitor', () => visitor], ['counselor', () => counselor], ['supervisor', () => supervisor]])('When the network of the %s is gone the page says so, and goes on by itself', async (_, who) => {
  const someone = who()
  someone.expects(...NETWORK_IS_GONE)
  await someone.context.setOffline(true)
  await someone.isConnected('waiting')
  await someone.sees(new RegExp(t('connection.waiting')))
  // What the others say meanwhile.
  for (const other of [visitor, counselor]) {
    if (other === someone) continue
    await says(other, `四，${someone.name} 断网时 ${other.name} 说的`)
    await other.seesNoMore(other.page.locator('.going'))
  }
  await someone.context.setOffline(false)
  await someone.isConnected()
  await someone.seesNoMore(someone.page.getByText(new RegExp(t('connection.waiting'))))
  await allAgree()
})

test('What is said into the void is on its way until the network is back, and arrives once', async () => {
  await visitor.context.setOffline(true)
  await visitor.isConnected('waiting')
  await says(visitor, '六，没有网络时说的')
  await visitor.sees(ofVisitor().locator('.said', { hasText: '六，没有网络时说的' }).locator('.going'))
  await visitor.context.setOffline(false)
  await allAgree()
})

test('After the server was killed the pages come back, and what was written meanwhile is sent once', async () => {
  const { server } = at()
  for (const someone of [visitor, counselor, supervisor]) {
    someone.expects(/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /ERR_SOCKET_NOT_CONNECTED/, /WebSocket connection .* failed/)
  }
  // In the middle of a flood of words: some are kept and answered, some kept only, some neither.
  for (let n = 1; n <= 20; n += 1) {
    await says(visitor, `七，第 ${n} 句`)
    if (n === 10) await server.kill()
  }
  for (const someone of [visitor, counselor, supervisor]) await someone.isConnected('waiting')
  await input(counselor).fill('八，咨询师正在写')
  const begun = Date.now()
  await server.start()
  for (const someone of [visitor, counselor, supervisor]) await someone.isConnected()
  console.log(`    all three are back ${((Date.now() - begun) / 1000).toFixed(1)} s after the server was started again`)
  await allAgree()
  expect(await input(counselor).inputValue()).toBe('八，咨询师正在写')
  await says(counselor, '八，咨询师正在写')
  await allAgree()
})
