// What a page costs to load, and what somebody finds who comes when nobody is there.

import { expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { SMALL, type Someone } from './support/someone'
import { t } from './support/words'

/** Nobody is on shift today. */
const at = hotline('doors', async (database) => {
  const { sql } = await import('./support/database')
  await sql(database, 'delete from shifts; delete from standing_weeks')
})
const FIRST_LOAD_BYTES_MAX = 300_000

test('Whoever comes when nobody is on shift is told so kindly, with numbers to call', async () => {
  const visitor = await at().visitor('doors')
  await visitor.sees(t('visitor.choose.nobody'))
  await visitor.sees(t('visitor.choose.nobodyHint'))
  for (const number of ['12356', '110', '120']) {
    await visitor.sees(visitor.page.locator(`#app a[href="tel:${number}"]`))
  }
  await visitor.hasNoBarriers()
  await visitor.shoots('zh-visitor-nobody-on-shift')
  // They may wait all the same, and are promised nothing.
  await visitor.sees(t('visitor.choose.hint.nobody'))
  await visitor.page.locator('.anyone').click()
  await visitor.sees(t('visitor.waiting.nobodyHint'))
  expect(await visitor.page.getByText(t('visitor.waiting.next')).count()).toBe(0)
  await visitor.sees(visitor.page.locator('#app a[href="tel:12356"]'))
})

/** Bytes of scripts and styles as they travel, by file. */
function loads(someone: Someone): Map<string, Promise<number>> {
  const files = new Map<string, Promise<number>>()
  someone.page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (/\.(js|css)$/.test(pathname)) files.set(pathname, response.request().sizes().then(({ responseBodySize }) => responseBodySize))
  })
  return files
}

test.each([['the log-in', '/', 'input[name=username]'], ['the visitor\'s page', '/visitor', 'form']])('%s loads little, and no charts', async (name, path, sign) => {
  const someone = await at().comes('newcomer', { size: SMALL })
  const files = loads(someone)
  await someone.page.goto(`${at().server.url}${path}`)
  await someone.sees(someone.page.locator(sign))
  await someone.isAtRest()
  const bytes = (await Promise.all(files.values())).reduce((sum, size) => sum + size, 0)
  console.log(`    ${name}: ${files.size} scripts and styles, ${(bytes / 1000).toFixed(0)} kB`)
  expect(bytes).toBeGreaterThan(10_000)
  expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX)
  expect([...files.keys()].filter((file) => /chart/i.test(file))).toEqual([])
})

test('A counselor\'s first page still loads little, and charts come only with the overview', async () => {
  const someone = await at().comes('dudao1', { size: SMALL })
  const files = loads(someone)
  await someone.page.goto(`${at().server.url}/`)
  await someone.page.locator('input[name=username]').fill('dudao1')
  await someone.page.locator('input[name=password]').fill('hotline-demo')
  await someone.page.locator('button[type=submit]').click()
  await someone.sees(someone.page.locator('main h1'))
  await someone.isAtRest()
  const bytes = (await Promise.all(files.values())).reduce((sum, size) => sum + size, 0)
  console.log(`    log-in and home of a supervisor: ${files.size} scripts and styles, ${(bytes / 1000).toFixed(0)} kB`)
  expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX)
  expect([...files.keys()].filter((file) => /chart/i.test(file))).toEqual([])
  await someone.page.locator('nav.menu a[href="#/overview"]').click()
  await someone.sees(someone.page.locator('main canvas, main svg.chart, main .chart svg, main [_echarts_instance_]'))
  expect([...files.keys()].filter((file) => /chart/i.test(file))).not.toEqual([])
})
