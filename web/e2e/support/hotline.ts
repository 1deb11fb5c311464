// A server, a browser and the people of one file of tests; and what they leave behind when something fails.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { chromium, type Browser, type BrowserServer } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { demoDatabase, sql } from './database'
import { artifacts, Server, type Settings } from './server'
import { consented, logIn, PHONE, Someone, type Opens, type Window } from './someone'
import { t } from './words'

/** Debian's. As root it cannot keep its own house in order, and there is nothing to protect here. */
const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-dev-shm-usage', '--force-color-profile=srgb', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]
const LAUNCH = { executablePath: CHROMIUM, args: FLAGS, headless: true }

/** A browser for one person alone: it can be stopped as a machine that sleeps stops it, and goes on. */
export class OwnBrowser {
  private constructor(readonly browser: Browser, private readonly server: BrowserServer) {}

  static async launch(): Promise<OwnBrowser> {
    const server = await chromium.launchServer(LAUNCH)
    const own = new OwnBrowser(await chromium.connect(server.wsEndpoint()), server)
    // Stopped, it would outlive tests that are killed: scripts/browser.sh ends those that are named here.
    mkdirSync(artifacts('groups'), { recursive: true })
    writeFileSync(own.named(), '')
    return own
  }

  stops(): void {
    this.signal('SIGSTOP')
  }

  goesOn(): void {
    this.signal('SIGCONT')
  }

  async close(): Promise<void> {
    this.goesOn()
    await this.server.close()
    rmSync(this.named())
  }

  /** All its processes: they are one group. */
  private signal(signal: NodeJS.Signals): void {
    process.kill(-this.group(), signal)
  }

  private group(): number {
    const { pid } = this.server.process()
    if (pid === undefined) throw new Error('The browser never started.')
    return pid
  }

  private named(): string {
    return artifacts('groups', String(this.group()))
  }
}

export class Hotline {
  readonly people: Someone[] = []
  private consent: Record<string, string> | null = null

  constructor(readonly server: Server, private readonly browser: Browser) {}

  async comes(name: string, window?: Window, browser = this.browser): Promise<Someone> {
    const profile = window?.profile
    const opens: Opens = (options) => profile === undefined
      ? browser.newContext(options)
      : chromium.launchPersistentContext(profile, { ...LAUNCH, ...options })
    const someone = await Someone.come(opens, this.server, name, window)
    this.people.push(someone)
    return someone
  }

  /** Somebody of the staff, logged in. */
  async staff(username: string, window?: Window, browser?: Browser): Promise<Someone> {
    const someone = await this.comes(username, window, browser)
    await logIn(someone, username, window?.language)
    return someone
  }

  /**
   * A visitor who consented on another day, before the choice of counselors. `code` is who they are to the sandbox, `by` the
   * way to the server if not the shortest.
   */
  async visitor(code: string, window: Window = {}, by = this.server.url): Promise<Someone> {
    this.consent ??= await consented(this.server)
    const storage = { ...this.consent, 'hotline.visitor.code': code, ...window.storage }
    const someone = await this.comes(code, { size: PHONE, ...window, storage })
    await someone.page.goto(`${by}/visitor`)
    return someone
  }

  /** Closes somebody's window. */
  async leaves(someone: Someone): Promise<void> {
    await someone.context.close()
    this.people.splice(this.people.indexOf(someone), 1)
  }

  /** What the staff call a visitor who has no name. */
  async nameOf(code: string): Promise<string> {
    return t('person.visitor', { n: await this.sql(`select visitor_number from people where username = 'sandbox_${code}'`) })
  }

  sql(statement: string): Promise<string> {
    return sql(this.server.database, statement)
  }

  /** What there is to find out why a test failed. */
  async evidence(test: string): Promise<void> {
    const folder = artifacts('failed', test.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 80))
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/server.log`, this.server.lastWords())
    for (const { name, page, troubles } of this.people) {
      writeFileSync(`${folder}/${name}.txt`, [page.url(), ...troubles, '', await page.locator('body').innerText({ timeout: 2000 }).catch(String)].join('\n'))
      await page.screenshot({ path: `${folder}/${name}.png`, timeout: 10_000 }).catch(() => undefined)
    }
    console.error(`    What the pages showed and complained of, and the server's last words: ${folder}`)
  }
}

/** A test that says "today" is through within this. */
const BEFORE_MIDNIGHT_MS = 120_000
const TO_THE_NEXT_DAY_MS_MAX = BEFORE_MIDNIGHT_MS + 30_000

/** Each test of the file waits for the next day where the current one is about to end: pages and test mean the same day then. */
export function eachWithinOneDay(timeZone = 'Asia/Shanghai'): void {
  const date = (at: number): string => new Intl.DateTimeFormat('en-CA', { timeZone }).format(at)
  beforeEach(async () => {
    await expect.poll(() => date(Date.now() + BEFORE_MIDNIGHT_MS) === date(Date.now()), { timeout: TO_THE_NEXT_DAY_MS_MAX }).toBe(true)
  }, TO_THE_NEXT_DAY_MS_MAX)
}

/**
 * The hotline of a file of tests: fresh for the file, the same for its tests, which tell one story. After the first that
 * fails the others would only be confused. `prepare` changes the demo before the server starts, `settings` its configuration;
 * with `servers` there are several.
 */
export function hotline(
  name: string, prepare: (database: string) => Promise<unknown> = async () => undefined, settings: Settings = {}, servers = 1,
): () => Hotline {
  let here: Hotline | null = null
  let browser: Browser | null = null
  let server: Server | null = null
  let hasFailed = false

  beforeAll(async () => {
    const database = await demoDatabase(name)
    await prepare(database)
    server = new Server(name, database, settings, servers)
    const launched = chromium.launch(LAUNCH)
    await server.start()
    browser = await launched
    here = new Hotline(server, browser)
  })
  beforeEach((context) => {
    if (hasFailed) context.skip('an earlier part of the story failed')
  })
  afterEach(async ({ task }) => {
    if (here === null) return
    const surprises = here.people.flatMap((someone) => someone.surprises.map((trouble) => `${someone.name}: ${trouble}`))
    if (task.result?.state === 'fail' || surprises.length > 0) {
      hasFailed = true
      await here.evidence(task.name)
    }
    expect(surprises, 'what the consoles, the pages and the network complained of').toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  return () => {
    if (here === null) throw new Error('Nothing is there before the tests run.')
    return here
  }
}
