// Somebody in front of a browser: a window of their own that nobody shares, and everything that goes wrong in it.

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'vitest'
import type { BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import type { Language } from '../../src/i18n'
import { paragraphs, versionOf } from '../../src/features/visitor/consent'
import { barriersOn } from './barriers'
import { artifacts, type Server } from './server'
import { t } from './words'

/** Machines that build beside us are slow; nothing that works waits so long. */
const WAIT_MS_MAX = 30_000
export const PASSWORD = 'hotline-demo'

export const PHONE = { width: 390, height: 844 }
export const SMALL = { width: 1280, height: 800 }
export const LARGE = { width: 1920, height: 1080 }

/** A script: to a browser, a test that looks at a page has touched it; nobody has. */
export const UNTOUCHED = 'Object.defineProperty(navigator, "userActivation", { value: { hasBeenActive: false } })'

export interface Window {
  size?: { width: number, height: number }
  language?: Language
  storage?: Record<string, string>
  /** A phone's browser, which makes letters larger for whoever needs it. */
  isMobile?: boolean
  /** Where the machine believes to be. */
  zone?: string
  /** Run before the page's own scripts. */
  script?: string
  /** A folder in which this browser keeps whatever it keeps, as at home; without one it is forgotten with the window. */
  profile?: string
}

/** How a browser is opened for somebody. */
export type Opens = (options: BrowserContextOptions) => Promise<BrowserContext>

export class Someone {
  /** What the console, the page and the network complained of. */
  readonly troubles: string[] = []
  /** What may be complained of, since a test brings it about. */
  private readonly expected: RegExp[] = []
  private underway = 0

  private constructor(readonly name: string, readonly server: Server, readonly context: BrowserContext, private window: Page) {}

  static async come(opens: Opens, server: Server, name: string, { size = SMALL, language = 'zh', storage = {}, zone = 'Asia/Shanghai', script, isMobile = false }: Window = {}): Promise<Someone> {
    const context = await opens({
      viewport: size, locale: language === 'zh' ? 'zh-CN' : 'en-GB', timezoneId: zone, hasTouch: size.width < SMALL.width, isMobile, reducedMotion: 'reduce',
    })
    context.setDefaultTimeout(WAIT_MS_MAX)
    if (Object.keys(storage).length > 0) {
      await context.addInitScript((given) => {
        // Once: what the page changes stays changed.
        if (localStorage.getItem('given') === null) Object.entries({ ...given, given: '' }).forEach(([key, value]) => { localStorage.setItem(key, value) })
      }, storage)
    }
    if (script !== undefined) await context.addInitScript({ content: script })
    const someone = new Someone(name, server, context, await context.newPage())
    someone.listen()
    return someone
  }

  /** The window that is open. */
  get page(): Page {
    return this.window
  }

  /** Another window, after the one before was closed. */
  async opens(path: string): Promise<void> {
    this.window = await this.context.newPage()
    this.underway = 0
    this.listen()
    await this.window.goto(`${this.server.url}${path}`)
  }

  private listen(): void {
    const { page, troubles, server } = this
    page.on('console', (message) => { if (message.type() === 'error') troubles.push(`console: ${message.text()} ${message.location().url}`) })
    page.on('pageerror', (error) => { troubles.push(`page: ${error.stack ?? error.message}`) })
    page.on('response', (response) => { if (response.status() >= 400) troubles.push(`${response.status()}: ${response.url()}`) })
    page.on('request', () => { this.underway += 1 })
    page.on('requestfinished', () => { this.underway -= 1 })
    page.on('requestfailed', (request) => {
      this.underway -= 1
      const why = request.failure()?.errorText ?? ''
      // Whoever leaves a page no longer wants what it asked for.
      if (why !== 'net::ERR_ABORTED') troubles.push(`${why}: ${request.url().replace(server.url, '')}`)
    })
  }

  /** From now on this is no surprise. */
  expects(...troubles: RegExp[]): void {
    this.expected.push(...troubles)
  }

  get surprises(): string[] {
    return this.troubles.filter((trouble) => !this.expected.some((expected) => expected.test(trouble)))
  }

  async sees(what: Locator | string | RegExp): Promise<void> {
    await (isLocator(what) ? what : this.page.getByText(what)).first().waitFor({ state: 'visible' })
  }

  async seesNoMore(what: Locator | string | RegExp): Promise<void> {
    await (isLocator(what) ? what : this.page.getByText(what)).first().waitFor({ state: 'hidden' })
  }

  button(name: string | RegExp, within: Pick<Page, 'getByRole'> = this.page): Locator {
    return within.getByRole('button', { name, exact: true })
  }

  async presses(name: string | RegExp, within?: Pick<Page, 'getByRole'>): Promise<void> {
    await this.button(name, within).click()
  }

  /** The connection stands; or not, as said. */
  async isConnected(status: 'open' | 'waiting' = 'open'): Promise<void> {
    await this.page.locator(status === 'open' ? '[data-status=open]' : '[data-status]:not([data-status=open])').first().waitFor({ state: 'attached' })
  }

  /** Nothing is asked for any more, and nothing says that it is loading. */
  async isAtRest(): Promise<void> {
    let before = false
    await expect.poll(async () => {
      const now = this.underway <= 0 && await this.page.locator('.bones:visible, .is-loading:visible, .el-loading-mask:visible, [aria-busy=true]:visible').count() === 0
      const both = now && before
      before = now
      return both
    }, { message: `${this.name}'s page does not come to rest` }).toBe(true)
    await this.page.evaluate(() => document.fonts.ready.then(() => undefined))
  }

  /** As it stands, the page can be used by whoever sees little or uses no mouse. */
  async hasNoBarriers(): Promise<void> {
    await this.isAtRest()
    expect(await barriersOn(this.page), `${this.name}: who sees little or uses no mouse`).toEqual([])
  }

  /** Into the ignored folder; those of the README and the guides: `pictures` in documents.ts. */
  async shoots(file: string): Promise<void> {
    const path = artifacts(`screens/${file}.png`)
    mkdirSync(dirname(path), { recursive: true })
    await this.page.screenshot({ path, animations: 'disabled', caret: 'hide' })
  }
}

/** A counselor, supervisor or administrator, at the first page of their role. */
export async function logIn(someone: Someone, username = someone.name, language: Language = 'zh'): Promise<void> {
  const { page, server } = someone
  await page.goto(`${server.url}/#/login`)
  await page.locator('input[name=username]').fill(username)
  await page.locator('input[name=password]').fill(PASSWORD)
  await someone.presses(t('login.submit', {}, language))
  await someone.sees(page.locator('nav.menu'))
}

/** What a visitor's browser remembers of the consent, for those whose story begins later. */
export async function consented(server: Server): Promise<Record<string, string>> {
  const answer = await (await fetch(`${server.url}/config`)).json() as { result: { information: unknown[] } }
  return { 'hotline.visitor.consent': versionOf(paragraphs(answer.result.information)) }
}

/** The words in the talk with that label, from top to bottom, as somebody sees them. */
export async function wordsIn(log: Locator): Promise<string[]> {
  return log.locator('.bubble:not(.bare)').allInnerTexts()
}

const isLocator = (what: Locator | string | RegExp): what is Locator => typeof what !== 'string' && !(what instanceof RegExp)
