// What stands on a page while the server cannot answer, and that it comes back without a reload.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { PHONE, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('states')
/** What a page asks for itself, beyond who is there and what holds for all. */
const ASKED = /\/(conversation|dispatch|arrange|user|message|statistics)\//

/** A button that went away meanwhile is not waited for. */
const ASK_AGAIN_MS = 1000

/** From now on nothing of it is answered; returns the way back. */
async function breaks(page: Page): Promise<() => Promise<void>> {
  await page.route(ASKED, (route) => route.fulfill({ status: 503, body: '' }))
  return () => page.unroute(ASKED)
}

async function saysSoAndComesBack(someone: Someone, name: string, mends: () => Promise<void>): Promise<void> {
  const { page } = someone
  const wrong = page.locator('main, .phone').locator('[role=alert]').filter({ visible: true })
  await someone.sees(wrong.getByText(t('state.unreachable')))
  await someone.hasNoBarriers()
  await someone.shoots(`zh-wrong-${name}`)
  await mends()
  // Some of what is wrong was asked for together, and one question answers it all.
  await expect.poll(async () => {
    const left = await wrong.count()
    if (left > 0) await someone.button(t('state.again'), wrong.first()).click({ timeout: ASK_AGAIN_MS }).catch(() => undefined)
    return left
  }, { message: 'what is wrong stays wrong' }).toBe(0)
  await someone.isAtRest()
}

test.each(['zixunshi1', 'dudao1', 'ecnu_admin', 'admin'])('Every page of %s says when it cannot be loaded, and can be asked again', async (username) => {
  const someone = await at().staff(username)
  const { page, server } = someone
  someone.expects(/503/)
  const paths = await page.locator('nav.menu a').evaluateAll((links) => links.map((link) => new URL((link as HTMLAnchorElement).href).hash))
  for (const path of paths) {
    const mends = await breaks(page)
    await page.goto('about:blank')
    await page.goto(`${server.url}/${path}`)
    // Nothing is made up meanwhile.
    expect(await page.locator('main').innerText()).not.toMatch(/^0 \/ 0$|NaN|undefined|null/m)
    await saysSoAndComesBack(someone, `${username}-${path.slice(2) || 'home'}`, mends)
  }
  await at().leaves(someone)
})

test('So do the pages of the visitor', async () => {
  const someone = await at().visitor('states', { size: PHONE })
  const { page, server } = someone
  someone.expects(/503/)
  await someone.sees(page.locator('.counselor'))
  for (const path of ['#/', '#/history']) {
    const mends = await breaks(page)
    await page.goto(`${server.url}/visitor${path}`)
    await page.reload()
    await someone.sees(page.getByRole('alert'))
    if (path === '#/') await someone.sees(page.locator('#app').getByRole('link', { name: /12356/ }))
    await someone.shoots(`zh-wrong-visitor-${path.slice(2) || 'choose'}`)
    await mends()
    await someone.presses(t('state.again'))
    await someone.seesNoMore(page.getByRole('alert'))
    await someone.isAtRest()
  }
})
