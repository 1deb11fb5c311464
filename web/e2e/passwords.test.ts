// A new password for somebody who has forgotten theirs, set by those who may.

import { expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { t } from './support/words'

const FRESH = 'another-word-2'
const at = hotline('passwords')

test.each([
  ['A supervisor', 'dudao1', 'zixunshi1'],
  ['The administrator of the institution', 'ecnu_admin', 'dudao1'],
])('%s sets the password of one of theirs, who is in with it', async (_, username, whose) => {
  const supervisor = await at().staff(username)
  const { page } = supervisor
  await page.goto(`${at().server.url}/#/staff${whose === 'dudao1' ? '?kind=supervisors' : ''}`)
  await page.getByRole('row').filter({ has: page.getByText(whose, { exact: true }) }).locator('.el-dropdown button').click()
  await page.getByRole('menuitem', { name: t('admin.person.setPassword') }).click()
  const dialog = page.getByRole('dialog', { name: t('admin.person.setPassword') })
  for (const label of ['account.newPassword', 'account.repeatPassword']) await dialog.getByLabel(t(label), { exact: true }).fill(FRESH)
  await dialog.getByRole('button', { name: t('button.save') }).click()
  await dialog.waitFor({ state: 'hidden' })

  const one = await at().comes(whose)
  await one.page.goto(`${at().server.url}/#/login`)
  await one.page.locator('input[name=username]').fill(whose)
  await one.page.locator('input[name=password]').fill(FRESH)
  await one.presses(t('login.submit'))
  await one.sees(one.page.locator('nav.menu'))
  expect(one.page.url()).not.toContain('login')
  await at().leaves(one)
  await at().leaves(supervisor)
})
