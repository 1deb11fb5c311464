// What strangers and mischief get: nothing.

import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { HTML, painting, SVG } from './support/pictures'
import { runHotline } from './support/server'
import { PASSWORD, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('safety', async (database) => {
  await runHotline(database, ['institution', 'add', 'other', '--name', '另一所大学'])
  for (const [name, kind] of [['other_admin', 'INSTITUTION'], ['other_counselor', 'COUNSELOR']] as const) {
    await runHotline(database, ['user', 'add', name, '--kind', kind, '--institution', 'other', '--name', name], PASSWORD)
  }
})
const NAME = '<img src=x onerror=hacked=1>'
const WORDS = '<script>window.hacked = 1</script><b onclick="hacked = 1">不是粗体</b> {{ hacked = 1 }}'
let visitor: Someone
let counselor: Someone

const isHacked = (someone: Someone): Promise<boolean> => someone.page.evaluate(() => 'hacked' in window)

/** Asks from within somebody's page, as whoever is logged in there. */
async function asks(someone: Someone, path: string): Promise<{ status: number, type: string, body: string }> {
  return someone.page.evaluate(async (asked) => {
    const token = location.pathname.endsWith('/visitor') ? localStorage.getItem('hotline.visitor.token') : null
    const answer = await fetch(asked, { headers: token === null ? {} : { Authorization: `Bearer ${token}` } })
    return { status: answer.status, type: answer.headers.get('Content-Type') ?? '', body: await answer.text() }
  }, path)
}

beforeAll(async () => {
  counselor = await at().staff('zixunshi1')
  await counselor.isConnected()
  visitor = await at().visitor('mischief')
  await visitor.page.getByRole('link', { name: t('visitor.tab.me') }).click()
  await visitor.page.locator('form input').first().fill(NAME)
  await visitor.presses(t('visitor.me.save'))
  await visitor.sees(t('visitor.me.saved'))
  await visitor.page.getByRole('link', { name: t('visitor.tab.home') }).click()
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
})

test('HTML in a name and in words is shown as it was typed, everywhere', async () => {
  for (const someone of [visitor, counselor]) {
    await someone.page.locator('.composer textarea').fill(WORDS)
    await someone.presses(t('chat.send'))
  }
  for (const someone of [visitor, counselor]) {
    await expect.poll(() => someone.page.locator('.bubble').allInnerTexts()).toEqual([WORDS, WORDS])
  }
  await counselor.sees(counselor.page.getByRole('heading', { name: NAME }))
  await counselor.page.getByRole('link', { name: t('admin.menu.records') }).click()
  await counselor.page.getByRole('row', { name: NAME }).getByRole('link').first().click()
  await counselor.sees(counselor.page.locator('.bubble', { hasText: WORDS }))
  await counselor.page.goBack()
  await counselor.page.goBack()
  await counselor.sees(counselor.page.locator('.composer'))
  for (const someone of [visitor, counselor]) {
    expect(await isHacked(someone)).toBe(false)
    expect(await someone.page.locator('img[src=x], .bubble b').count()).toBe(0)
  }
})

test('SVG and HTML are refused as pictures, also in disguise, and it is said why', async () => {
  const file = visitor.page.locator('.composer input[type=file]')
  await file.setInputFiles([{ name: 'a.svg', mimeType: 'image/svg+xml', buffer: SVG }, { name: 'a.html', mimeType: 'text/html', buffer: HTML }])
  await expect.poll(() => visitor.page.locator('.el-message', { hasText: t('chat.notImage') }).count()).toBeGreaterThan(0)
  for (const [index, buffer] of [SVG, HTML].entries()) {
    await file.setInputFiles({ name: 'disguised.png', mimeType: 'image/png', buffer })
    await expect.poll(() => visitor.page.locator('.said .reason').count()).toBe(index + 1)
    expect(await visitor.page.locator('.said .reason').nth(index).innerText()).toBe(t('chat.why.pictureKind'))
  }
  expect(await counselor.page.locator('.picture').count()).toBe(0)
  expect(await isHacked(visitor) || await isHacked(counselor)).toBe(false)
})

test('What belongs to a talk is shown to nobody else: not its picture, not its words, not its people', async () => {
  await visitor.page.locator('.composer input[type=file]').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: await painting(visitor.context) })
  await counselor.page.locator('.picture img').waitFor()
  const talk = await at().sql('select id from conversations where status = \'IN_PROGRESS\'').then((id) => id.replaceAll('-', ''))
  const person = await at().sql('select id from people where username = \'sandbox_mischief\'').then((id) => id.replaceAll('-', ''))
  const record = await asks(counselor, `/message/conversation/web?conversationId=${talk}&page=0&size=50`)
  const picture = /\/im\/image\/[0-9a-f]+/.exec(record.body)?.[0]
  expect(picture).toBeDefined()
  for (const someone of [visitor, counselor]) {
    expect(await asks(someone, picture ?? '')).toMatchObject({ status: 200, type: 'image/png' })
  }

  const strangers = [await at().visitor('stranger'), await at().staff('zixunshi3'), await at().staff('dudao2'), await at().staff('other_admin'), await at().staff('other_counselor')]
  for (const stranger of strangers) {
    stranger.expects(/\b403\b/)
    for (const path of [picture ?? '', `/conversation/${talk}`, `/message/conversation/web?conversationId=${talk}&page=0&size=50`]) {
      const { type, body } = await asks(stranger, path)
      expect(type, `${path} for ${stranger.name}`).not.toContain('image')
      expect(body, `${path} for ${stranger.name}`).not.toMatch(/mischief|hacked|PNG/)
    }
  }
  for (const stranger of strangers.slice(3)) {
    const { body } = await asks(stranger, `/user/${person}`)
    expect(body, `the visitor for ${stranger.name}`).not.toMatch(/mischief|hacked/)
  }
  const nobody = await fetch(`${at().server.url}${picture}`)
  expect(nobody.headers.get('Content-Type')).not.toContain('image')
  for (const stranger of strangers) await at().leaves(stranger)
})

/** Asks as a browser would on another site, with the counselor's own cookie. */
async function fromElsewhere(origin: string, method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const [cookie] = await counselor.context.cookies()
  return new Promise((resolve, reject) => {
    const asked = request(`${at().server.url}${path}`, { method, headers: { Origin: origin, Cookie: `${cookie?.name}=${cookie?.value}`, ...headers } })
    asked.on('response', (answer) => { answer.resume(); resolve(answer.statusCode ?? 0) })
    asked.on('upgrade', (answer, socket) => { socket.destroy(); resolve(answer.statusCode ?? 0) })
    asked.on('error', reject)
    asked.end()
  })
}

/** A page on another port of this machine, with a form for each of these paths of ours. */
async function foreignForms(paths: string[]): Promise<{ url: string, close: () => void }> {
  const forms = paths.map((path) => `<form method="post" action="${at().server.url}${path}"><button>${path}</button></form>`)
  const server = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(`<!doctype html>${forms.join('')}`))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => { server.close() } }
}

test('A form on another port logs nobody in or out, with or without a log-in of ours', async () => {
  const paths = ['/auth/wx/wxdemo000000000001/login?code=planted', '/auth/login?username=zixunshi2', '/logout']
  const foreign = await foreignForms(paths)
  const nobody = await at().comes('nobody')
  nobody.expects(/\b403\b/)
  for (const context of [counselor.context, nobody.context]) {
    const before = await context.cookies()
    const page = await context.newPage()
    for (const path of paths) {
      await page.goto(foreign.url)
      const answered = page.waitForResponse(`${at().server.url}${path}`)
      await page.getByRole('button', { name: path }).click()
      expect((await answered).status(), path).toBe(403)
    }
    // A page that is closed while it is still arriving may keep the browser for ever.
    await page.waitForLoadState()
    await page.close()
    expect(await context.cookies()).toEqual(before)
  }
  foreign.close()
  await at().leaves(nobody)
  expect((await asks(counselor, '/auth/me')).body).toContain('zixunshi1')
  expect(await at().sql('select count(*) from people where username = \'sandbox_planted\'')).toBe('0')
})

test('A page of somebody else can neither ask nor listen with a counselor\'s log-in', async () => {
  const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'aG90bGluZS1ob3RsaW5lIQ==' }
  expect(await fromElsewhere(at().server.url, 'GET', '/workbench/ws', upgrade), 'our own').toBe(101)
  for (const origin of ['https://evil.example', 'null', at().server.url.replace('127.0.0.1', 'localhost')]) {
    expect(await fromElsewhere(origin, 'GET', '/workbench/ws', upgrade), `a socket from ${origin}`).toBe(403)
    expect(await fromElsewhere(origin, 'POST', '/logout'), `a question from ${origin}`).toBe(403)
  }

  // And as a browser does it.
  const page = await counselor.context.newPage()
  await page.route('http://evil.example/**', (route) => route.fulfill({ contentType: 'text/html', body: '<h1>evil</h1>' }))
  await page.goto('http://evil.example/')
  const got = await page.evaluate(async (url) => {
    const asked = await fetch(`${url}/logout`, { method: 'POST', credentials: 'include' }).then(() => 'answered', () => 'refused')
    const heard = await new Promise((resolve) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/workbench/ws`)
      socket.onopen = () => { resolve('open') }
      socket.onclose = () => { resolve('closed') }
    })
    return [asked, heard]
  }, at().server.url)
  expect(got).toEqual(['refused', 'closed'])
  await page.close()
  expect((await asks(counselor, '/auth/me')).body).toContain('zixunshi1')
})
