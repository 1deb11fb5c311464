// What a visitor typed and did not save is not thrown away without a question, nor by a log-in that ends meanwhile.

import { expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { t } from './support/words'

const TYPED = '小林子'
const at = hotline('forms')

test('A profile that is not saved is asked about before another page is opened', async () => {
  const visitor = await at().visitor('forms')
  const { page } = visitor
  await page.getByRole('link', { name: t('visitor.tab.me') }).click()
  const name = page.getByLabel(t('visitor.me.name'), { exact: true })
  await name.fill(TYPED)
  await page.getByRole('link', { name: t('visitor.tab.home') }).click()
  await visitor.sees(t('unsaved.text'))
  await visitor.presses(t('unsaved.stay'))
  expect(await name.inputValue()).toBe(TYPED)
})

test('It is there again after the log-in has ended', async () => {
  const visitor = at().people[0] ?? (() => { throw new Error('Nobody is there.') })()
  const { page } = visitor
  visitor.expects(/403/)
  const old = await page.evaluate(() => localStorage.getItem('hotline.visitor.token') ?? '')
  await page.evaluate((token) => fetch('/logout', { method: 'POST', redirect: 'manual', headers: { Authorization: `Bearer ${token}` } }).then(() => undefined), old)
  // By itself one comes in again, unless one has only just come.
  const enter = visitor.button(t('visitor.door.enter'))
  const name = page.getByLabel(t('visitor.me.name'), { exact: true })
  await expect.poll(async () => {
    if (await enter.isVisible()) await enter.click()
    return page.evaluate(() => localStorage.getItem('hotline.visitor.token'))
  }).not.toBe(old)
  await expect.poll(() => name.inputValue()).toBe(TYPED)
  await visitor.presses(t('visitor.me.save'))
  await visitor.sees(t('visitor.me.saved'))
  await page.getByRole('link', { name: t('visitor.tab.home') }).click()
  await visitor.sees(page.locator('.anyone'))
})
