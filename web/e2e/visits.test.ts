// A visitor may close the page at any point and open it again: they are where they were.

import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { PHONE, wordsIn, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('visits')
const COUNSELOR = '林晓雨'
const CONTACT = { name: '妈妈', phone: '13912345678' }
let visitor: Someone
let counselor: Someone

/** The window is gone, and after a while there is another one. */
async function comesBack(): Promise<void> {
  const { page } = visitor
  await page.close()
  await visitor.opens('/visitor')
}

beforeAll(async () => {
  visitor = await at().comes('visitor', { size: PHONE })
  await visitor.page.goto(`${at().server.url}/visitor`)
})

test('Before they have agreed they read the consent again, from its beginning', async () => {
  const agree = (): ReturnType<Someone['button']> => visitor.page.locator('form button[type=submit]')
  await expect.poll(() => agree().innerText()).toBe(t('visitor.consent.wait', { n: 5 }))
  await comesBack()
  await expect.poll(() => agree().innerText()).toBe(t('visitor.consent.wait', { n: 8 }))
  expect(await agree().isDisabled()).toBe(true)
  await visitor.presses(t('visitor.consent.decline'))
  await visitor.sees(t('visitor.consent.declined'))
  await visitor.sees(visitor.page.locator('#app').getByRole('link', { name: /12356/ }))
  await visitor.presses(t('visitor.consent.again'))
  await expect.poll(() => agree().isEnabled()).toBe(true)
  await agree().click()
  await visitor.sees(t('visitor.choose.lead'))
})

test('The profile keeps whom to call in an emergency', async () => {
  await visitor.page.getByRole('link', { name: t('visitor.tab.me') }).click()
  const field = (name: string): ReturnType<Someone['page']['getByLabel']> => visitor.page.getByLabel(t(`visitor.me.${name}`), { exact: true })
  await field('contact').fill(CONTACT.name)
  await field('contactPhone').fill(CONTACT.phone)
  await visitor.presses(t('visitor.me.save'))
  await visitor.sees(t('visitor.me.saved'))
  await comesBack()
  await visitor.sees(t('visitor.choose.lead'))
  await visitor.page.getByRole('link', { name: t('visitor.tab.me') }).click()
  expect([await field('contact').inputValue(), await field('contactPhone').inputValue()]).toEqual([CONTACT.name, CONTACT.phone])
  await visitor.hasNoBarriers()
  await visitor.shoots('zh-visitor-me-filled')
  await visitor.page.getByRole('link', { name: t('visitor.tab.home') }).click()
})

test('While a visitor waits the place stays theirs', async () => {
  await visitor.page.locator('.counselor', { hasText: COUNSELOR }).click()
  await visitor.presses(t('visitor.choose.wait'), visitor.page.locator('.sheet'))
  await visitor.sees(t('visitor.waiting.nobody'))
  await comesBack()
  await visitor.sees(t('visitor.waiting.nobody'))
  await visitor.sees(new RegExp(t('visitor.waiting.with', { name: COUNSELOR })))
})

test('A talk that began while the page was closed is there when it is opened, with what was said', async () => {
  await visitor.page.close()
  counselor = await at().staff('zixunshi1')
  await counselor.isConnected()
  await counselor.page.locator('.call-note').first().click()
  await counselor.page.locator('.composer textarea').fill('你好，我在这里。')
  await counselor.presses(t('chat.send'))
  await visitor.opens('/visitor')
  await expect.poll(() => wordsIn(visitor.page.getByRole('log'))).toEqual(['你好，我在这里。'])
  await visitor.page.locator('.composer textarea').fill('我来了。')
  await visitor.presses(t('chat.send'))
  // What is still on its way goes with its window, so the window stays until the other one has it.
  await expect.poll(() => wordsIn(counselor.page.getByRole('log'))).toEqual(['你好，我在这里。', '我来了。'])
  await comesBack()
  await expect.poll(() => wordsIn(visitor.page.getByRole('log'))).toEqual(['你好，我在这里。', '我来了。'])
})

test('Their counselor sees whom to call, and not the whole number', async () => {
  await counselor.sees(counselor.page.locator('aside.side').getByText('139****5678'))
  expect(await counselor.page.locator('body').innerText()).not.toContain(CONTACT.phone)
})

test('A talk that ended while the page was closed asks for its stars, until it has them or they do not want to', async () => {
  await visitor.page.close()
  await counselor.presses(t('desk.end.button'))
  await counselor.presses(t('desk.end.do'), counselor.page.locator('.el-message-box'))
  await visitor.opens('/visitor')
  await visitor.sees(t('visitor.rate.title'))
  await comesBack()
  await visitor.sees(t('visitor.end.talk.counselor.why'))
  await visitor.presses(t('visitor.rate.skip'))
  await visitor.sees(t('visitor.choose.lead'))
  await comesBack()
  await visitor.sees(t('visitor.choose.lead'))
})

test('The history has what was skipped: the visitor reads it again, and gives stars there', async () => {
  await visitor.page.getByRole('link', { name: t('visitor.tab.history') }).click()
  await visitor.page.getByRole('link', { name: COUNSELOR }).click()
  await comesBack()
  await visitor.page.getByRole('link', { name: t('visitor.tab.history') }).click()
  await visitor.page.getByRole('link', { name: COUNSELOR }).click()
  await expect.poll(() => wordsIn(visitor.page.getByRole('log'))).toEqual(['你好，我在这里。', '我来了。'])
  await visitor.presses(t('visitor.history.rate'))
  await visitor.page.locator('.el-rate__item').nth(4).click()
  await visitor.presses(t('visitor.rate.submit'))
  await visitor.sees(visitor.page.getByRole('img', { name: t('visitor.rate.stars', { n: 5 }) }))
  await counselor.sees(counselor.page.locator('.ending'))
  await counselor.page.reload()
  await counselor.sees(counselor.page.locator('.ending .rated'))
})

test('Whoever knows the counselor is told so', async () => {
  await visitor.page.goto(`${at().server.url}/visitor#/`)
  await visitor.sees(visitor.page.locator('.counselor', { hasText: COUNSELOR }).getByText(t('visitor.choose.consulted')))
  await visitor.sees(visitor.page.locator('.counselor .rating'))
})
