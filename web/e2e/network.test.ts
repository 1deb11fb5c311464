// Networks that fail in quiet ways, and pages that go away: nothing that was said is lost, and nobody has to do anything.

import type { Locator } from 'playwright-core'
import { setTimeout as after } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { Network } from './support/network'
import { painting } from './support/pictures'
import { wordsIn, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('network')
const HEIGHT = 3200
const SWALLOWED_MS = 45_000
let network: Network
let visitor: Someone
let counselor: Someone
const said: string[] = []

const ofVisitor = (): Locator => visitor.page.getByRole('log')
const ofCounselor = (): Locator => counselor.page.locator('section.talk').getByRole('log')

async function says(someone: Someone, words: string): Promise<void> {
  const input = someone.page.locator('.talk .composer textarea').first()
  await input.fill(words)
  await input.press('Enter')
  said.push(words)
}

async function bothAgree(): Promise<void> {
  for (const log of [ofCounselor(), ofVisitor()]) await expect.poll(() => wordsIn(log)).toEqual(said)
}

beforeAll(async () => {
  network = await Network.to(at().server.url)
  counselor = await at().staff('zixunshi1', { size: { width: 1280, height: HEIGHT } })
  await counselor.isConnected()
  visitor = await at().visitor('network', { size: { width: 390, height: HEIGHT } }, network.url)
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
})
afterAll(() => { network.close() })

test('After a reconnect the record is read until nothing is missing, and the page says where something may be', async () => {
  await says(visitor, '一，开头')
  await says(counselor, '二，回答')
  await bothAgree()
  visitor.expects(/ERR_FAILED/, /ERR_INTERNET_DISCONNECTED/, /WebSocket connection .* failed/)
  let failures = 0
  await visitor.page.route('**/message/conversation/web*', async (route) => {
    failures += 1
    await route.abort('failed')
  })
  await visitor.context.setOffline(true)
  await visitor.isConnected('waiting')
  await says(counselor, '三，断网时说的')
  await visitor.context.setOffline(false)
  await visitor.isConnected()
  await says(counselor, '四，回来以后说的')
  await visitor.sees(ofVisitor().getByText('四，回来以后说的'))
  const rows = ofVisitor().locator('.bubble, .missing')
  await expect.poll(() => rows.allInnerTexts().then((texts) => texts.map((text) => (text.includes(t('chat.missing')) ? '?' : text))))
    .toEqual(['一，开头', '二，回答', '?', '四，回来以后说的'])
  await expect.poll(() => failures, { message: 'it tries by itself' }).toBeGreaterThan(2)
  await visitor.page.unroute('**/message/conversation/web*')
  await bothAgree()
  await visitor.seesNoMore(ofVisitor().locator('.missing'))
})

test('A network that swallows everything for a while loses no word', async () => {
  visitor.expects(/ERR_/, /WebSocket connection .* failed/)
  network.swallows()
  const healed = after(SWALLOWED_MS).then(() => { network.heals() })
  await says(visitor, '五，没人收到')
  await says(counselor, '六，访客收不到')
  // Long enough that the page gives the connection up and tries new ones, which are swallowed, too.
  await visitor.isConnected('waiting')
  await healed
  await visitor.isConnected()
  // What the visitor said arrives when it can; who spoke first is the server's to say.
  await expect.poll(() => wordsIn(ofCounselor()).then((words) => words.length)).toBe(said.length)
  said.splice(0, said.length, ...await wordsIn(ofCounselor()))
  expect(said.slice(-2).sort()).toEqual(['五，没人收到', '六，访客收不到'])
  await bothAgree()
  await expect.poll(() => visitor.page.locator('.going, .failed').count()).toBe(0)
})

test('A picture that could not be sent is sent again, and it is said why it was not', async () => {
  visitor.expects(/ERR_FAILED/)
  await visitor.page.route('**/im/image?*', (route) => route.abort('failed'))
  await visitor.page.locator('.composer input[type=file]').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: await painting(visitor.context) })
  await visitor.sees(t('chat.why.network'))
  await visitor.page.unroute('**/im/image?*')
  await visitor.page.locator('.failed').click()
  await counselor.page.locator('.picture img').waitFor()
  await visitor.seesNoMore(visitor.page.locator('.failed'))
})

test('A goodbye that the socket never carried arrives all the same when the page is closed, once', async () => {
  await visitor.page.routeWebSocket('**/visitor/ws*', (page) => {
    const server = page.connectToServer()
    page.onMessage((message) => { if (!String(message).includes('"say"')) server.send(message) })
  })
  await visitor.page.reload()
  await visitor.isConnected()
  await says(visitor, '再见，谢谢你')
  await visitor.page.close()
  await expect.poll(() => wordsIn(ofCounselor())).toEqual(said)
  const kept = await at().sql('select count(*) from messages where body::text like \'%再见%\'')
  expect(kept).toBe('1')
})
