// Help is one tap away on every page of a visitor, from the first paint on, whatever fails.

import type { Page, Route } from 'playwright-core'
import { expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { PHONE, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('help')
const SMALLEST = { width: 320, height: 568 }
/** What a keyboard leaves of it. */
const TYPING = { width: 320, height: 300 }
const LYING = { width: 568, height: 320 }
const TOUCH_MIN = 44
const NUMBERS = ['12356', '110', '120']

const ASSETS = /\/assets\//
/** Each language has a counselor of its own: whoever leaves stays online for a moment. */
const COUNSELORS = { zh: ['zixunshi1', '林晓雨'], en: ['zixunshi2', '陈思远'] } as const

interface Box { x: number, y: number, width: number, height: number }

async function boxOf(page: Page): Promise<Box> {
  const box = await page.locator('details.help summary').boundingBox()
  if (box === null) throw new Error('There is no help on this page.')
  return box
}

/** It can be seen and pressed, is large enough, and lies over nothing that one writes in or presses. */
async function isOneTapAway(someone: Someone, where: string): Promise<void> {
  const { page } = someone
  const box = await boxOf(page)
  const size = page.viewportSize() ?? PHONE
  expect(box.height, where).toBeGreaterThanOrEqual(TOUCH_MIN)
  expect(box.width, where).toBeGreaterThanOrEqual(TOUCH_MIN)
  expect([box.x >= 0, box.y >= 0, box.x + box.width <= size.width, box.y + box.height <= size.height], where).toEqual([true, true, true, true])
  const [over, covered] = await page.evaluate(({ x, y, width, height }) => {
    const top = document.elementFromPoint(x + width / 2, y + height / 2)
    const frame = document.querySelector('.frame')?.getBoundingClientRect() ?? new DOMRect()
    const covered = [...document.querySelectorAll<HTMLElement>('#app :is(button, a, input, textarea)')].filter((one) => one.checkVisibility()).filter((one) => {
      const box = one.getBoundingClientRect()
      // What is scrolled out of its pane is not on the page.
      const isThere = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2).some((there) => one.contains(there) || there.contains(one))
      return isThere && box.width > 1 && box.top < frame.bottom && box.bottom > frame.top && box.left < frame.right && box.right > frame.left
        && box.top >= 0 && one.closest('.screen, [role=log]') === null
    }).map((one) => `${one.tagName} ${one.className} ${one.textContent}`)
    return [top?.closest('.help') !== null && top !== null, covered] as const
  }, box)
  expect(over, `${where}: something lies over it`).toBe(true)
  expect(covered, `${where}: it lies over something`).toEqual([])
  await page.locator('details.help summary').click()
  for (const number of NUMBERS) {
    const link = page.locator(`.help a[href="tel:${number}"]`)
    await someone.sees(link)
    expect((await link.boundingBox())?.height ?? 0, where).toBeGreaterThanOrEqual(TOUCH_MIN)
  }
  await page.locator('details.help summary').click()
  await someone.seesNoMore(page.locator('.help a').first())
}

test.each([
  ['has not come', () => new Promise<void>(() => undefined)],
  ['cannot be fetched', (route: Route) => route.abort()],
  ['is broken', (route: Route) => route.fulfill({ status: 500, body: '' })],
])('Help is there while all else of the page %s', async (name, answers) => {
  const visitor = await at().comes('early', { size: SMALLEST })
  const { page } = visitor
  visitor.expects(/assets/)
  await page.route(ASSETS, answers)
  await page.goto(`${at().server.url}/visitor`, { waitUntil: 'commit' })
  await visitor.sees(page.locator('details.help summary'))
  await page.locator('details.help summary').click()
  for (const number of NUMBERS) await visitor.sees(page.locator(`.help a[href="tel:${number}"]`))
  await page.screenshot({ path: `${process.env.ARTIFACTS}/screens/help-${name.replace(/ /g, '-')}.png` }).catch(() => undefined)
  await at().leaves(visitor)
})

test('Help is there when the server answers nothing, with the numbers it told before', async () => {
  const visitor = await at().visitor('unanswered', { size: SMALLEST, storage: { 'hotline.visitor.emergency': '[{"name":"校园热线","number":"021-5555"}]' } })
  const { page } = visitor
  await visitor.sees(page.locator('.anyone'))
  visitor.expects(/503/)
  await page.route(/\/config(\?|$)/, (route) => route.fulfill({ status: 503, body: '' }))
  await page.evaluate(() => { localStorage.setItem('hotline.visitor.emergency', '[{"name":"校园热线","number":"021-5555"}]') })
  await page.reload()
  await visitor.sees(page.getByRole('alert'))
  await page.locator('details.help summary').click()
  await visitor.sees(page.locator('.help a[href="tel:0215555"]'))
  await page.evaluate(() => { localStorage.setItem('hotline.visitor.emergency', 'broken') })
  await page.reload()
  await visitor.sees(page.getByRole('alert'))
  await isOneTapAway(visitor, 'without an answer')
  await at().leaves(visitor)
})

test('Without a network each part of the page says so, and help is there', async () => {
  const visitor = await at().visitor('unplugged', { size: SMALLEST })
  const { page } = visitor
  await visitor.sees(page.locator('.counselor'))
  visitor.expects(/ERR_INTERNET_DISCONNECTED|dynamically imported module/)
  await visitor.context.setOffline(true)
  await page.getByRole('link', { name: t('visitor.tab.history') }).click()
  await visitor.sees(t('visitor.notOpened'))
  await visitor.sees(page.locator('.frame', { hasText: t('connection.waiting') }))
  await isOneTapAway(visitor, 'without a network')
  await visitor.shoots('help/zh-unplugged')
  await visitor.context.setOffline(false)
  await visitor.isConnected()
  await page.getByRole('link', { name: t('visitor.tab.history') }).click()
  await visitor.sees(t('visitor.history.empty'))
  await at().leaves(visitor)
})

test.each(['zh', 'en'] as const)('Help is one tap away on every page, also on the smallest phone (%s)', async (language) => {
  const visitor = await at().comes(`every-${language}`, { size: SMALLEST, language })
  const { page } = visitor
  const say = (key: string, given = {}): string => t(key, given, language)
  const look = async (where: string): Promise<void> => {
    await isOneTapAway(visitor, where)
    await visitor.shoots(`help/${language}-${where}`)
  }
  await page.goto(`${at().server.url}/visitor`)
  await visitor.sees(page.locator('form button[type=submit]'))
  await look('consent')
  await visitor.presses(say('visitor.consent.decline'))
  await look('declined')
  await visitor.presses(say('visitor.consent.again'))
  await expect.poll(() => page.locator('form button[type=submit]').isEnabled()).toBe(true)
  await visitor.presses(say('visitor.consent.agree'))
  await visitor.sees(page.locator('.counselor'))
  await look('choose')

  await page.locator('.counselor', { hasText: COUNSELORS[language][1] }).click()
  await visitor.sees(page.locator('.sheet'))
  await look('choose-sheet')
  // For this counselor alone: another one may still be there.
  await page.locator('.sheet .el-checkbox').click()
  await visitor.presses(say('visitor.choose.wait'))
  await visitor.sees(say('visitor.waiting.title'))
  await look('waiting')
  await page.setViewportSize(LYING)
  await look('waiting-lying')
  await page.setViewportSize(SMALLEST)

  const counselor = await at().staff(COUNSELORS[language][0])
  await visitor.sees(page.locator('.composer textarea'))
  await page.locator('.composer textarea').fill('有点难过。')
  await visitor.presses(say('chat.send'))
  await look('talk')
  await page.setViewportSize(TYPING)
  await page.locator('.composer textarea').focus()
  await look('talk-typing')
  const [composer, help] = [await page.locator('.composer').boundingBox(), await boxOf(page)]
  expect((composer?.y ?? 0) >= help.y + help.height && (composer?.y ?? 0) + (composer?.height ?? 0) <= TYPING.height).toBe(true)
  await page.setViewportSize(SMALLEST)

  await visitor.presses(say('visitor.talk.end'))
  await visitor.sees(page.getByRole('dialog'))
  await look('talk-ask')
  // With the keyboard it is the next after the last of the dialog, and the way back leads into the dialog.
  await page.getByRole('dialog').getByRole('button').last().focus()
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY')
  await page.keyboard.press('Enter')
  await visitor.sees(page.locator('.help a').first())
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toBe('tel:12356')
  await page.keyboard.press('Escape')
  await visitor.seesNoMore(page.locator('.help a').first())
  await visitor.sees(page.getByRole('dialog'))
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null)).toBe(true)
  expect(await page.locator('[aria-modal=true]').count(), 'a screen reader would be told that there is nothing but the dialog').toBe(0)
  await visitor.presses(say('visitor.talk.endYes'))
  await visitor.sees(say('visitor.rate.title'))
  await look('rate')
  await visitor.presses(say('visitor.rate.skip'))

  await page.getByRole('link', { name: say('visitor.tab.history') }).click()
  await visitor.sees(page.locator('.screen li a'))
  await look('history')
  await page.locator('.screen li a').first().click()
  await visitor.sees(page.getByRole('log'))
  await look('past')
  await page.goBack()
  await page.getByRole('link', { name: say('visitor.tab.me') }).click()
  await visitor.sees(page.locator('form.card'))
  await look('me')
  await visitor.hasNoBarriers()

  visitor.expects(/ERR_INTERNET_DISCONNECTED/)
  await visitor.context.setOffline(true)
  await visitor.isConnected('waiting')
  await look('offline')
  await visitor.context.setOffline(false)
  await visitor.isConnected()
  await at().leaves(visitor)
  await at().leaves(counselor)
})
