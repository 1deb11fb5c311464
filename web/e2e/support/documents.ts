// Pictures for the README and the guides in docs/zh. What differs from run to run (the time of day, the colours of faces,
// seconds that count) is made to stand still, so that making them anew changes those that look different, and few others.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { withPalette } from './png'
import { artifacts } from './server'
import type { Someone } from './someone'

/** When all pictures were made, it seems: the time and the day at the institution. */
const MOMENT = { minutes: 14 * 60 + 30, day: '2026-12-01' }
const ZONE = 'Asia/Shanghai'
/** What a story of these tests takes, and looks ahead; a time further away is one of the demo's history, and always the same. */
const STORY_MINUTES = 60
/** What counts seconds has counted one in this time, also on a busy machine. */
const TICK_MS = 2500

interface Box { x: number, y: number, width: number, height: number }

/** Before the page's own scripts: `leaps` can tell the page that some time has passed. */
export const CAN_LEAP = `{
  let ahead = 0
  const [Real, passes] = [Date, performance.now.bind(performance)]
  window.Date = class extends Real {
    constructor(...given) { given.length === 0 ? super(Real.now() + ahead) : super(...given) }
    static now() { return Real.now() + ahead }
  }
  performance.now = () => passes() + ahead
  window.leap = (ms) => {
    ahead = ms
    document.dispatchEvent(new Event('visibilitychange'))
  }
}`

/** To somebody's page so much time passes at once: whoever waits has waited. The server's next answers put it right. */
export async function leaps({ page }: Someone, minutes: number): Promise<void> {
  await page.evaluate((ms) => { (window as unknown as { leap: (ms: number) => void }).leap(ms) }, minutes * 60_000)
}

async function around(page: Page, of: readonly Locator[], below: number): Promise<Box | undefined> {
  if (of.length === 0) return undefined
  const boxes = await Promise.all(of.map((one) => one.first().boundingBox()))
  const found = boxes.filter((box) => box !== null)
  if (found.length < of.length) throw new Error('Something that the picture should show is not there.')
  const size = page.viewportSize() ?? { width: Infinity, height: Infinity }
  const [left, top] = [Math.max(0, Math.min(...found.map(({ x }) => x))), Math.max(0, Math.min(...found.map(({ y }) => y)))]
  const right = Math.min(size.width, Math.max(...found.map(({ x, width }) => x + width)))
  const bottom = Math.min(size.height, Math.max(...found.map(({ y, height }) => y + height)) + below)
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** Into docs/screenshots when they are asked for, else into the ignored folder: what holds all of these and so much below them, or the whole page. */
export async function pictures(someone: Someone, name: string, of: readonly Locator[] = [], below = 0): Promise<void> {
  const { page } = someone
  // Nothing is lit because it is pointed at.
  await page.mouse.move(0, 0)
  await someone.isAtRest()
  const asked = process.env.SCREENSHOTS
  const now = new Date()
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(now)
  const [hours = 0, minutes = 0] = clock.split(':').map(Number)
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(now)
  // Nobody looks at those that are not asked for: seconds may count in them.
  const days = (Date.parse(MOMENT.day) - Date.parse(day)) / 86_400_000
  await page.evaluate(standStill, { now: hours * 60 + minutes, today: day, then: MOMENT.minutes, days, story: STORY_MINUTES, tick: asked ? TICK_MS : 0 })
  const png = await page.screenshot({ clip: await around(page, of, below), animations: 'disabled', caret: 'hide' })
  await page.evaluate(() => { (window as unknown as { goOn: () => void }).goOn() })
  const path = asked ? `${asked}/${name}.png` : artifacts(`screens/${name}.png`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, asked ? withPalette(png) : png)
}

interface Moment { now: number, today: string, then: number, days: number, story: number, tick: number }

/** Runs in the page. `window.goOn` ends it. */
async function standStill({ now, today, then, days, story, tick }: Moment): Promise<void> {
  const moved = (year: number, month: number, date: number): Date => new Date(Date.UTC(year, month - 1, date + days))
  /** Where seconds count. */
  const ticking = new Set<Node | null>()
  const counts = new MutationObserver((changes) => {
    for (const { target } of changes) ticking.add(target.nodeType === Node.TEXT_NODE ? target.parentNode : target)
  })
  counts.observe(document.body, { subtree: true, childList: true, characterData: true })
  await new Promise((resolve) => { setTimeout(resolve, tick) })
  counts.disconnect()

  const thisYear = new Date().getFullYear()
  const two = (n: number): string => String(n).padStart(2, '0')
  const dated = /\d月\d+日|\d{4}[/-]\d\d|昨天/
  const [year, month, date] = today.split('-').map(Number)
  const isToday = (text: string): boolean => text.includes(`${month}月${date}日`) || text.includes(`${year}/${two(month ?? 0)}/${two(date ?? 0)}`)
  const still = (text: string, around: string, ticks: boolean): string => text
    .replace(/(\d{4})([/-])(\d\d)\2(\d\d)/g, (_, year: string, mark: string, month: string, date: string) => {
      const day = moved(Number(year), Number(month), Number(date))
      return `${day.getUTCFullYear()}${mark}${two(day.getUTCMonth() + 1)}${mark}${two(day.getUTCDate())}`
    })
    .replace(/(\d{1,2})月(\d{1,2})日/g, (_, month: string, date: string) => {
      const day = moved(thisYear, Number(month), Number(date))
      return `${day.getUTCMonth() + 1}月${day.getUTCDate()}日`
    })
    .replace(/(^|[^\d:])(\d\d):(\d\d)(?![\d:])/g, (whole, mark: string, first: string, second: string) => {
      // Nobody minds a few seconds.
      if (ticks) return `${mark}${two(Math.round(Number(first) + Number(second) / 60))}:00`
      const off = (Number(first) * 60 + Number(second) - now + 1440 + 720) % 1440 - 720
      if (Math.abs(off) > story || (dated.test(around) && !isToday(around))) return whole
      const at = then + off
      return `${mark}${two(Math.floor(at / 60))}:${two(at % 60)}`
    })
  const before = new Map<Text, [was: string, is: string]>()
  /** What stands in the same cell, before any of it was changed: its date may be beside a time. */
  const cellOf = (node: Text): string => {
    const cell = node.parentElement?.closest('td')
    if (!cell) return node.data
    const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT)
    let all = ''
    while (words.nextNode()) all += before.get(words.currentNode as Text)?.[0] ?? words.currentNode.nodeValue ?? ''
    return all
  }
  const texts = (): void => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode() as Text | null; node !== null; node = walker.nextNode() as Text | null) {
      if (before.get(node)?.[1] === node.data) continue
      const is = still(node.data, cellOf(node), ticking.has(node.parentNode))
      if (is === node.data) continue
      before.set(node, [node.data, is])
      node.data = is
    }
  }
  const COLOURS = ['#2d7d70', '#5a6fa8', '#8a5a83', '#a35f3c', '#587a3a', '#3f7690', '#95604f']
  const faces = [...document.querySelectorAll<HTMLElement>('.face')].map((face) => {
    const was = face.style.getPropertyValue('--colour')
    face.style.setProperty('--colour', COLOURS[(face.textContent.trim().charCodeAt(0) || 0) % COLOURS.length] ?? was)
    return (): void => { face.style.setProperty('--colour', was) }
  })
  // Before it is painted, whatever the page writes meanwhile.
  const watcher = new MutationObserver(texts)
  texts()
  watcher.observe(document.body, { subtree: true, childList: true, characterData: true })
  Object.assign(window, {
    goOn: () => {
      watcher.disconnect()
      for (const [node, [was, is]] of before) if (node.data === is) node.data = was
      faces.forEach((face) => { face() })
    },
  })
}
