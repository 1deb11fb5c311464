// What is refused says why, in the language of whoever reads it.

import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { SVG } from './support/pictures'
import type { Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('reasons')
const CHINESE = /[\u3000-\u9fff\uff00-\uffef]/
let visitor: Someone
let counselor: Someone

beforeAll(async () => {
  counselor = await at().staff('zixunshi1', { language: 'en' })
  await counselor.isConnected()
  visitor = await at().visitor('reasons', { language: 'en' })
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
})

test('Who types a wrong password is told so in English on an English page, and in Chinese on a Chinese one', async () => {
  for (const language of ['en', 'zh'] as const) {
    const stranger = await at().comes(`stranger-${language}`, { language })
    // The page asks who is there, and nobody is.
    stranger.expects(/\b403\b/)
    await stranger.page.goto(at().server.url)
    await stranger.page.locator('input[name=username]').fill('zixunshi1')
    await stranger.page.locator('input[name=password]').fill('not-the-password')
    await stranger.presses(t('login.submit', {}, language))
    const told = stranger.page.locator('.wrong')
    await expect.poll(() => told.innerText()).not.toBe('')
    expect(CHINESE.test(await told.innerText()), await told.innerText()).toBe(language === 'zh')
    await at().leaves(stranger)
  }
})

test('A picture that is none says why on an English page', async () => {
  await visitor.page.locator('.composer input[type=file]').setInputFiles({ name: 'disguised.png', mimeType: 'image/png', buffer: SVG })
  await visitor.sees(visitor.page.locator('.said .reason', { hasText: t('chat.why.pictureKind', {}, 'en') }))
})

test('A word that comes after the end says why on an English page', async () => {
  counselor.expects(/ERR_INTERNET_DISCONNECTED/, /WebSocket connection .* failed/)
  await counselor.context.setOffline(true)
  await counselor.isConnected('waiting')
  const input = counselor.page.locator('section.talk .composer textarea')
  await input.fill('Are you still there?')
  await input.press('Enter')
  await counselor.sees(counselor.page.locator('.said', { hasText: 'Are you still there?' }).locator('.going'))
  await visitor.presses(t('visitor.talk.end', {}, 'en'))
  await visitor.presses(t('visitor.talk.endYes', {}, 'en'), visitor.page.getByRole('dialog'))
  await visitor.seesNoMore(visitor.page.locator('.composer'))
  await counselor.context.setOffline(false)
  await counselor.sees(counselor.page.locator('.said .reason', { hasText: t('chat.why.ended', {}, 'en') }))
})
