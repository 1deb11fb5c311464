// A page that is opened while the server answers only half: it says so, and is whole as soon as the server is.

import { expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { t } from './support/words'

const at = hotline('opening')

test.each(['/config', '/auth/me'])('Whoever is logged in stays so while %s is not answered, and comes to the page that was asked for', async (path) => {
  const someone = await at().staff('zixunshi1')
  const { page, server } = someone
  const unanswered = (url: URL): boolean => url.pathname === path
  await page.goto(`${server.url}/#/shifts`)
  await someone.isConnected()
  someone.expects(/503/)
  await page.route(unanswered, (route) => route.fulfill({ status: 503, body: '' }))
  await page.reload()
  await someone.sees(page.getByRole('alert').getByText(t('state.unreachable')))
  expect([await page.locator('nav.menu').count(), await page.locator('input[name=username]').count()]).toEqual([0, 0])
  await someone.hasNoBarriers()
  await page.unroute(unanswered)
  await someone.presses(t('state.again'))
  await someone.isConnected()
  await someone.sees(page.locator('nav.menu'))
  expect(new URL(page.url()).hash).toBe('#/shifts')
  await at().leaves(someone)
})
