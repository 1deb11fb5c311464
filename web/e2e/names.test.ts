// Names that are written from the right, or hold what turns letters around: the pages' own words stay where they are.

import { beforeAll, expect, test } from 'vitest'
import { sql } from './support/database'
import { hotline } from './support/hotline'
import type { Someone } from './support/someone'
import { t } from './support/words'

/** The end of an isolate that was never begun, and an override that nothing ends: as such names were once kept. */
const TURNING = '林\u2069\u202E晓雨'
const SHOWN = '林晓雨'
const FROM_THE_RIGHT = 'סבתא'
const CONTROLS = /[\u202A-\u202E\u2066-\u2069]/

const at = hotline('names', (database) => sql(database, `update people set name = '${TURNING}' where username = 'zixunshi1'`))
let visitor: Someone

beforeAll(async () => {
  visitor = await at().visitor('names')
  await visitor.page.getByRole('link', { name: t('visitor.tab.me') }).click()
  // Without a name by the number, as to the staff, and never by what WeChat calls them.
  expect(await visitor.page.locator('.person .name').first().innerText()).toBe(await at().nameOf('names'))
  expect(await visitor.page.locator('body').innerText()).not.toContain('sandbox_')
  await visitor.page.getByLabel(t('visitor.me.name'), { exact: true }).fill(FROM_THE_RIGHT)
  await visitor.presses(t('visitor.me.save'))
  await visitor.sees(t('visitor.me.saved'))
  await visitor.page.getByRole('link', { name: t('visitor.tab.home') }).click()
})

test('A name from the right is kept apart in a sentence', async () => {
  await visitor.sees(t('visitor.choose.hello', { name: FROM_THE_RIGHT }))
  expect(await visitor.page.locator('.screen h1').innerText()).toContain(`\u2068${FROM_THE_RIGHT}\u2069`)
})

test('A name that turns letters around turns none of ours', async () => {
  await visitor.sees(visitor.page.locator('.counselor', { hasText: SHOWN }))
  expect(await visitor.page.locator('.counselor', { hasText: SHOWN }).innerText()).not.toMatch(CONTROLS)
  await visitor.page.locator('.counselor', { hasText: SHOWN }).click()
  await visitor.sees(t('visitor.choose.with', { name: SHOWN }))
  await visitor.presses(t('visitor.choose.wait'))
  await visitor.sees(t('visitor.waiting.with', { name: SHOWN }))
  expect(await visitor.page.locator('.place').innerText()).not.toMatch(CONTROLS)
  const counselor = await at().staff('zixunshi1')
  await visitor.sees(visitor.page.locator('.talk header', { hasText: SHOWN }))
  await visitor.sees(t('visitor.talk.begin', { name: SHOWN }))
  expect(await visitor.page.locator('.talk').innerText()).not.toMatch(CONTROLS)
  expect(await visitor.page.getByRole('log').getAttribute('aria-label')).toBe(t('visitor.talk.log', { name: SHOWN }))
  await counselor.page.locator('.call-note').first().click()
  await counselor.sees(counselor.page.getByRole('heading', { name: FROM_THE_RIGHT }))
  await visitor.shoots('zh-visitor-turning-name')
})
