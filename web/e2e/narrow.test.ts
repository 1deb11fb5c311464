// A small phone, held either way, with the letters that somebody needs: nothing is cut off, nothing scrolls sideways.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { hotline } from './support/hotline'
import type { Someone } from './support/someone'
import { t } from './support/words'

// Whoever left is offline soon: the second visitor waits as the first did, and is not seated with the first one's counselor.
const at = hotline('narrow', undefined, { HOTLINE__DISPATCH__GRACE_SECONDS: '1' })
const UPRIGHT = { width: 320, height: 568 }
const LYING = { width: 568, height: 320 }
/** A phone comes nearer to a field with smaller letters, and stays there. */
const FIELD_PX_MIN = 16
const LETTERS = ['100%', '200%']

/** What is larger than its place, and cannot be read whole. */
const cutOff = (page: Page): Promise<string[]> => page.evaluate(() => {
  const about = (one: Element): string => `${one.tagName}.${one.className}: ${(one.textContent ?? '').trim().slice(0, 40)}`
  const wide = [...document.querySelectorAll('html, body, #app, .phone, .frame, .screen, .card, .foot, .talk, .composer, .sheet, .el-message-box')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map(about)
  const beyond = [...document.querySelectorAll<HTMLElement>('#app :is(button, a, input, textarea, h1, h2, p), .el-message-box button')]
    .filter((one) => one.checkVisibility() && !one.classList.contains('unseen') && one.getBoundingClientRect().width > 1)
    .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1 || one.getBoundingClientRect().left < -1).map(about)
  const pressed = [...document.querySelectorAll('.phone :is(.card, .anyone, .counselor, .emergency, .el-button--large)')]
    .filter((one) => one.scrollHeight > one.clientHeight + 2).map(about)
  return [...wide, ...beyond, ...pressed]
})

async function isCalm(someone: Someone, where: string): Promise<void> {
  const { page } = someone
  for (const [letters, size] of LETTERS.flatMap((one) => [[one, UPRIGHT], [one, LYING]] as const)) {
    await page.setViewportSize(size)
    await page.evaluate((adjust) => { document.documentElement.style.setProperty('text-size-adjust', adjust) }, letters)
    await someone.isAtRest()
    const called = `${where}-${size.width}-${letters.slice(0, -1)}`
    await someone.shoots(`narrow/${called}`)
    expect(await cutOff(page), called).toEqual([])
    // Whatever can be pressed can be brought into sight, and is not under the frame then.
    for (const button of await page.locator('#app :is(button, form input):not([role=log] *)').filter({ visible: true }).all()) {
      await button.scrollIntoViewIfNeeded()
      const [box, frame] = [await button.boundingBox(), await page.locator('.frame').boundingBox()]
      if (box === null || frame === null) continue
      expect([box.y + box.height / 2 >= frame.y + frame.height, box.y + box.height / 2 <= size.height], `${called}: ${await button.innerText()}`).toEqual([true, true])
    }
  }
  await page.setViewportSize(UPRIGHT)
  await page.evaluate(() => { document.documentElement.style.removeProperty('text-size-adjust') })
  const small = await page.evaluate((least) => [...document.querySelectorAll<HTMLElement>('#app :is(input:not([type=radio], [type=checkbox], [type=file]), textarea)')]
    .filter((one) => one.checkVisibility() && Number.parseFloat(getComputedStyle(one).fontSize) < least).map((one) => `${one.tagName} ${one.className}`), FIELD_PX_MIN)
  expect(small, `${where}: fields that a phone would come nearer to`).toEqual([])
}

test.each(['zh', 'en'] as const)('Every page of a visitor is whole on a small phone, held either way, also with letters twice as large (%s)', async (language) => {
  const visitor = await at().comes(`narrow-${language}`, { size: UPRIGHT, language, isMobile: true })
  const { page } = visitor
  const say = (key: string): string => t(key, {}, language)
  await page.goto(`${at().server.url}/visitor`)
  const agree = page.locator('form button[type=submit]')
  await expect.poll(() => agree.isEnabled()).toBe(true)
  await isCalm(visitor, `${language}-consent`)
  await agree.click()
  await visitor.sees(page.locator('.counselor'))
  await isCalm(visitor, `${language}-choose`)
  await page.locator('.counselor').last().click()
  await visitor.sees(page.locator('.sheet'))
  await isCalm(visitor, `${language}-sheet`)
  await visitor.presses(say('visitor.choose.wait'))
  await visitor.sees(say('visitor.waiting.title'))
  await isCalm(visitor, `${language}-waiting`)
  await visitor.presses(say('visitor.waiting.cancel'))
  await visitor.presses(say('visitor.waiting.cancel'), page.getByRole('dialog'))
  const counselor = await at().staff('zixunshi1')
  await counselor.isConnected()
  await page.locator('.anyone').click()
  await visitor.sees(page.locator('.composer textarea'))
  await page.locator('.composer textarea').fill('今晚睡不着，想找人说说话，不知道从哪里说起。')
  await visitor.presses(say('chat.send'))
  await isCalm(visitor, `${language}-talk`)
  await page.goto(`${at().server.url}/visitor#/me`)
  await visitor.sees(page.locator('form.card'))
  await isCalm(visitor, `${language}-me`)
  const id = await at().sql('select replace(id::text, \'-\', \'\') from conversations order by id desc limit 1')
  await counselor.page.evaluate((talk) => fetch(`/conversation/end/${talk}`, { method: 'POST' }).then(() => undefined), id)
  await page.goto(`${at().server.url}/visitor#/`)
  await visitor.sees(say('visitor.end.talk.counselor.why'))
  await isCalm(visitor, `${language}-ended`)
  await visitor.presses(say('visitor.rate.skip'))
  await page.goto(`${at().server.url}/visitor#/history`)
  await visitor.sees(page.locator('.screen li a'))
  await isCalm(visitor, `${language}-history`)
  await at().leaves(visitor)
  await at().leaves(counselor)
})
