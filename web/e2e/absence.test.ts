// A counselor's whole browser stops, as when the lid of a laptop closes: the connection stays, and nobody answers on it.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { hotline, OwnBrowser } from './support/hotline'
import { wordsIn, type Someone } from './support/someone'
import { t } from './support/words'

const GRACE_MS = 3000
const HEARTBEAT_MS = 2000

const at = hotline('absence', undefined, {
  HOTLINE__DISPATCH__GRACE_SECONDS: String(GRACE_MS / 1000),
  HOTLINE__SOCKETS__HEARTBEAT_SECONDS: String(HEARTBEAT_MS / 1000),
})
let own: OwnBrowser
let counselor: Someone
let administrator: Someone
let visitor: Someone

/** Below it stand those who are missing. */
const seat = () => administrator.page.locator('.live .card').first().locator('.scroll').getByText('林晓雨')

beforeAll(async () => {
  own = await OwnBrowser.launch()
  administrator = await at().staff('ecnu_admin')
  await administrator.isConnected()
  counselor = await at().staff('zixunshi1', undefined, own.browser)
  await counselor.isConnected()
  await seat().waitFor()
  visitor = await at().visitor('absence')
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
  await counselor.page.getByRole('log').waitFor()
})
afterAll(async () => {
  await own.close()
})

// How soon at the latest is shown where no browser is in the way: tests/it/presence.rs.
test('A counselor whose browser stopped is offline after the grace, and the talk stays', async () => {
  const stopped = Date.now()
  own.stops()
  await seat().waitFor({ state: 'hidden' })
  const took = Date.now() - stopped
  expect(took, 'not within the grace').toBeGreaterThanOrEqual(GRACE_MS)
  await visitor.page.locator('.composer textarea').fill('你还在吗？')
  await visitor.presses(t('chat.send'))
  await visitor.seesNoMore(visitor.page.locator('.going'))
  await visitor.sees(visitor.page.locator('.composer'))
})

test('When it goes on they are back by themselves, and find what was said', async () => {
  own.goesOn()
  await seat().waitFor()
  await counselor.isConnected()
  await expect.poll(() => wordsIn(counselor.page.getByRole('log'))).toEqual(['你还在吗？'])
})
