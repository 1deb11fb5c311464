// The clock of a talk: how long it may last is announced to both, shown to the counselor, and then the end.

import type { Locator } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import type { Someone } from './support/someone'
import { t } from './support/words'

// Room for a slow machine: half a minute to answer the silence, and more from the announcement to the end.
const LIMIT_SECONDS = 90
const ANNOUNCED_SECONDS = 45
const SILENCE_SECONDS = 20
const SILENCE_END_SECONDS = 30
const END_MS_MAX = 80_000
const at = hotline('clock', undefined, {
  HOTLINE__DISPATCH__TEXT_SECONDS_MAX: String(LIMIT_SECONDS),
  HOTLINE__DISPATCH__LIMIT_NOTICES_SECONDS: `[${ANNOUNCED_SECONDS}]`,
  HOTLINE__DISPATCH__SILENCE_NOTICE_SECONDS: String(SILENCE_SECONDS),
  HOTLINE__DISPATCH__SILENCE_END_SECONDS: String(SILENCE_END_SECONDS),
})
let visitor: Someone
let counselor: Someone

const clock = (): Locator => counselor.page.locator('.clocks')
/** What the server told both of them, as each sees it. */
const notices = (someone: Someone): Locator => someone.page.getByRole('log').locator('.notice')
const secondsIn = (text: string): number[] => [...text.matchAll(/(\d\d):(\d\d)/g)].map(([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds))

async function says(words: string): Promise<void> {
  await visitor.page.locator('.composer textarea').fill(words)
  await visitor.presses(t('chat.send'))
  await counselor.sees(counselor.page.getByRole('log').getByText(words))
}

beforeAll(async () => {
  counselor = await at().staff('zixunshi1')
  await counselor.isConnected()
  visitor = await at().visitor('clock')
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
})

test('What has passed and what is left are the whole', async () => {
  await counselor.sees(clock())
  const [elapsed = 0, left = 0] = secondsIn(await clock().innerText())
  expect(Math.abs(elapsed + left - LIMIT_SECONDS)).toBeLessThanOrEqual(1)
})

test('In a silence both are asked whether there is anything else, and the clock counts to its end', async () => {
  for (const someone of [visitor, counselor]) await someone.sees(notices(someone).getByText('请问还有什么需要继续咨询的吗'))
  const silence = clock().locator('.clock', { hasText: t('desk.clock.end', { time: '' }).split('，')[0] })
  await counselor.sees(silence)
  const [, left = 0] = secondsIn(await clock().innerText())
  expect(left).toBeLessThanOrEqual(SILENCE_END_SECONDS)
  await counselor.shoots('zh-counselor-clock-silence')
  await says('还有一点点。')
  await counselor.seesNoMore(silence)
})

test('The end is announced to both ahead of it, and the clock counts to that', async () => {
  for (const someone of [visitor, counselor]) await someone.sees(notices(someone).getByText(`在${ANNOUNCED_SECONDS}秒后结束`))
  await says('时间过得真快。')
  await counselor.sees(clock().locator('.now'))
  const [, left = 0] = secondsIn(await clock().innerText())
  expect(left).toBeLessThanOrEqual(ANNOUNCED_SECONDS)
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-counselor-clock')
  await visitor.shoots('zh-visitor-notices')
})

test('At the end it is over for both, and each is told why', async () => {
  await visitor.page.getByText(t('visitor.end.talk.limit.why')).waitFor({ timeout: END_MS_MAX })
  await counselor.sees(counselor.page.locator('.ending').getByText(t('endReason.limit')))
  expect(await counselor.page.locator('section.talk .composer').count()).toBe(0)
})
