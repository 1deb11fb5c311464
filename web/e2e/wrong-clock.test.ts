// A phone with a wrong date: everything is there, as on any other.

import { expect, test } from 'vitest'
import { eachWithinOneDay, hotline } from './support/hotline'
import type { Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('wrongclock')
eachWithinOneDay()
const DAY_MS = 86_400_000

/** The device's clock is off by so much. */
const off = (ms: number): string => `{
  const Real = Date
  window.Date = class extends Real {
    constructor(...given) { given.length === 0 ? super(Real.now() + ${ms}) : super(...given) }
    static now() { return Real.now() + ${ms} }
  }
}`

/** Of a clock that has just begun, however slow this machine is: by the device's it would show days. */
const FEW_MINUTES = 5
function minutesIn(text: string): number {
  const [, hours, minutes] = /(?:(\d+):)?(\d+):\d\d$/.exec(text.trim()) ?? []
  return Number(hours ?? 0) * 60 + Number(minutes)
}

test('One may ask for somebody also when the list of who is there cannot be read', async () => {
  const visitor = await at().visitor('no-list')
  const { page } = visitor
  visitor.expects(/503/)
  await visitor.sees(page.locator('.counselor'))
  await page.route(/\/arrange\/theday/, (route) => route.fulfill({ status: 503, body: '' }))
  await page.reload()
  await visitor.sees(page.getByRole('alert'))
  await visitor.sees(page.locator('.anyone', { hasText: t('visitor.choose.hint.unknown') }))
  await visitor.hasNoBarriers()
  await visitor.shoots('zh-visitor-no-list')
  await page.locator('.anyone').click()
  await visitor.sees(t('visitor.waiting.title'))
  await page.unroute(/\/arrange\/theday/)
  await visitor.presses(t('visitor.waiting.cancel'))
  await visitor.presses(t('visitor.waiting.cancel'), page.getByRole('dialog'))
  await visitor.sees(page.locator('.counselor'))
})

test.each([
  ['400 days ahead', 400, 'zixunshi1', '林晓雨'], ['in 2019', -2800, 'zixunshi2', '陈思远'], ['a day behind', -1, 'zixunshi3', '吴佳宁'],
])('With a phone that is %s a visitor asks, waits, talks and reads as with any other', async (_, days, username, name) => {
  const visitor: Someone = await at().visitor(`off${days}`, { script: off(days * DAY_MS) })
  const { page } = visitor
  await visitor.sees(page.locator('.counselor', { hasText: name }))
  expect(await page.getByText(t('visitor.choose.nobody')).count()).toBe(0)
  await visitor.sees(page.locator('.anyone'))
  await page.locator('.counselor', { hasText: name }).click()
  // For this one alone: another may still be there.
  await page.locator('.sheet .el-checkbox').click()
  await visitor.presses(t('visitor.choose.wait'))
  await visitor.sees(t('visitor.waiting.title'))
  expect(minutesIn(await page.locator('.foot .number').innerText())).toBeLessThan(FEW_MINUTES)
  const counselor = await at().staff(username)
  await visitor.sees(page.locator('.composer'))
  expect(minutesIn(await page.locator('.talk header .number').innerText())).toBeLessThan(FEW_MINUTES)
  await page.locator('.composer textarea').fill('你好')
  await visitor.presses(t('chat.send'))
  await visitor.sees(page.getByRole('log').getByText('你好'))
  await expect.poll(() => page.getByRole('log').innerText(), { message: 'a word of today has no other day' }).not.toMatch(/月|昨天/)
  await visitor.presses(t('visitor.talk.end'))
  await visitor.presses(t('visitor.talk.endYes'), page.getByRole('dialog'))
  await visitor.sees(t('visitor.rate.title'))
  await page.getByRole('link', { name: t('visitor.tab.history') }).click()
  await visitor.sees(page.locator('.screen li a'))
  expect(await page.locator('.screen li a').first().innerText()).not.toMatch(/月|昨天/)
  await at().leaves(visitor)
  await at().leaves(counselor)
})
