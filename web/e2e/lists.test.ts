// Lists keep their filters in the URL, but for what somebody typed: a browser keeps its addresses. Times are those of the institution, wherever the browser is.

import { expect, test } from 'vitest'
import { sql } from './support/database'
import { hotline } from './support/hotline'
import { LARGE, type Someone } from './support/someone'
import { t } from './support/words'

/** Two hours west of Shanghai. The browser is on the other side of the world. */
const ZONE = 'Asia/Urumqi'
const ELSEWHERE = 'America/Los_Angeles'
const at = hotline('lists', (database) => sql(database, `update institutions set time_zone = '${ZONE}'`))

/** The first words of each row. */
const rows = (someone: Someone): Promise<string[]> => someone.page.locator('main tbody tr').allInnerTexts()

test('A list shows the same rows after a reload and on the way back, and no address has what was typed', async () => {
  const someone = await at().staff('ecnu_admin', { size: LARGE })
  const { page, context } = someone
  await page.locator('nav.menu a[href="#/records"]').click()
  await page.getByRole('searchbox', { name: t('admin.record.counselorName') }).or(page.getByLabel(t('admin.record.counselorName'))).first().fill('陈思远')
  await expect.poll(async () => (await rows(someone)).every((row) => row.includes('陈思远'))).toBe(true)
  await page.getByRole('button', { name: t('admin.record.duration') }).click()
  await expect.poll(() => page.url()).toMatch(/by=duration/)
  await someone.isAtRest()
  const [url, shown] = [page.url(), await rows(someone)]
  expect(decodeURIComponent(url)).not.toContain('陈思远')
  expect(shown.length).toBeGreaterThan(5)

  await page.reload()
  await expect.poll(() => rows(someone)).toEqual(shown)
  const link = await context.newPage()
  await link.goto(url)
  // Another window has the order, not the name.
  await expect.poll(async () => (await link.locator('main tbody tr').allInnerTexts()).some((row) => !row.includes('陈思远'))).toBe(true)
  expect(link.url()).toBe(url)
  expect(await link.getByLabel(t('admin.record.counselorName')).first().inputValue()).toBe('')
  await link.close()
  await page.locator('main tbody tr').first().getByRole('link').first().click()
  await someone.sees(t('admin.record.oneConsultation'))
  await page.goBack()
  await expect.poll(() => rows(someone)).toEqual(shown)
  await at().leaves(someone)
})

test('Times are told in the zone of the institution, not of the browser', async () => {
  const newest = Number(await at().sql('select max(opened_at) from conversations'))
  const written = (zone: string): string => new Intl.DateTimeFormat('zh-CN', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(newest)
  const someone = await at().staff('ecnu_admin', { zone: ELSEWHERE })
  await someone.page.locator('nav.menu a[href="#/records"]').click()
  await someone.sees(someone.page.locator('main tbody tr').first().getByText(written(ZONE)))
  expect((await rows(someone))[0]).not.toContain(written('Asia/Shanghai'))
  expect((await rows(someone))[0]).not.toContain(written(ELSEWHERE))
})
