// A server of our own: the built binary, as `make run` starts it.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { needed, urlOf } from './database'
import { Nats, readIfThere, Spread } from './spread'

const READY_MS_MAX = 60_000
const LOOK_AGAIN_MS = 20

/** Where everything stands that a failure leaves behind, and the screenshots. */
export const artifacts = (...path: string[]): string => join(needed('ARTIFACTS'), ...path)

function environment(database: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOTLINE__DATABASE__URL: urlOf(database),
    HOTLINE__DEMO__ENABLED: 'true',
    HOTLINE__IM__MODE: 'embedded',
    HOTLINE__IM__SDK_APP_ID: '1400000000',
    HOTLINE__IM__SECRET_KEY: 'a key of these tests alone, for made-up accounts',
    HOTLINE__IM__REST_URL: '',
    HOTLINE__WECHAT__MODE: 'sandbox',
    HOTLINE__WECHAT__APPS: '[{"appid":"wxdemo000000000001","institution":"ecnu"}]',
    HOTLINE__LOG__FORMAT: 'text',
  }
}

/** `hotline COMMAND` on that database, with `input` to read. */
export async function runHotline(database: string, command: string[], input = ''): Promise<void> {
  const running = promisify(execFile)(needed('HOTLINE'), command, { env: environment(database) })
  running.child.stdin?.end(input)
  await running
}

/** Of the configuration, as the environment gives it: `HOTLINE__DISPATCH__GRACE_SECONDS`. */
export type Settings = Readonly<Record<`HOTLINE__${string}`, string>>

/** A server at one address, or several that share the institutions, where each request goes to any of them. */
export class Server {
  private readonly children: ChildProcess[] = []
  private ports: number[]
  private nats: Nats | null = null
  private spread: Spread | null = null

  constructor(readonly name: string, readonly database: string, private readonly settings: Settings = {}, private readonly count = 1) {
    this.ports = Array.from({ length: count }, () => 0)
  }

  get url(): string {
    return `http://127.0.0.1:${this.spread?.port ?? this.ports[0]}`
  }

  /** How many requests each of several has got. */
  get taken(): readonly number[] {
    return this.spread?.taken ?? []
  }

  get log(): string {
    return this.logOf(0)
  }

  /** Starts; a second time at the same address, where the pages look for it. */
  async start(): Promise<void> {
    mkdirSync(artifacts(), { recursive: true })
    if (this.count > 1) this.nats ??= await Nats.start(artifacts(`${this.name}.nats`))
    const started = this.ports.map((port, place) => this.startOne(port, place))
    this.ports = await Promise.all(started)
    if (this.count === 1) return
    this.spread ??= await Spread.over(this.ports)
    // Each serves, or reaches whoever does.
    for (const port of this.ports) {
      await this.waitFor(async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok, () => true)
    }
  }

  /** As the power would fail. */
  async kill(): Promise<void> {
    await this.end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM')
    this.spread?.close()
    await this.nats?.stop()
  }

  lastWords(): string {
    return this.ports.map((_, place) => readIfThere(this.logOf(place)).split('\n').slice(-30).join('\n')).join('\n\n')
  }

  private async startOne(port: number, place: number): Promise<number> {
    const told = artifacts(`${this.name}.address-${place}`)
    rmSync(told, { force: true })
    const log = openSync(this.logOf(place), port === 0 ? 'w' : 'a')
    const shared: Settings = this.nats === null ? {} : { HOTLINE__CLUSTER__NAME: `server-${place}`, HOTLINE__CLUSTER__BUS: this.nats.url }
    const child = spawn(needed('HOTLINE'), ['serve', '--address-file', told], {
      env: { ...environment(this.database), ...this.settings, ...shared, HOTLINE__SERVER__PORT: String(port) },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.children.push(child)
    await this.waitFor(async () => Promise.resolve(readIfThere(told) !== ''), () => child.exitCode === null)
    return Number(readIfThere(told).split(':').at(-1))
  }

  private async waitFor(isSo: () => Promise<boolean>, mayCome: () => boolean): Promise<void> {
    const until = Date.now() + READY_MS_MAX
    while (!await isSo()) {
      if (!mayCome() || Date.now() > until) throw new Error(`The server did not start:\n${this.lastWords()}`)
      await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS) })
    }
  }

  private logOf(place: number): string {
    return artifacts(place === 0 ? `${this.name}.server.log` : `${this.name}.server-${place}.log`)
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const running = this.children.splice(0).filter((child) => child.exitCode === null && child.signalCode === null)
    const gone = running.map((child) => once(child, 'exit'))
    running.forEach((child) => { child.kill(signal) })
    await Promise.all(gone)
  }
}
