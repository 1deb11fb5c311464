// A server of our own: the built binary, as `make run` starts it.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { needed, urlOf } from './database'

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

export class Server {
  private child: ChildProcess | null = null
  private port = 0

  constructor(readonly name: string, readonly database: string) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get log(): string {
    return artifacts(`${this.name}.server.log`)
  }

  /** Starts; a second time at the same address, where the pages look for it. */
  async start(): Promise<void> {
    mkdirSync(artifacts(), { recursive: true })
    const told = artifacts(`${this.name}.address`)
    rmSync(told, { force: true })
    const log = openSync(this.log, this.port === 0 ? 'w' : 'a')
    const child = spawn(needed('HOTLINE'), ['serve', '--address-file', told], {
      env: { ...environment(this.database), HOTLINE__SERVER__PORT: String(this.port) },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.child = child
    const until = Date.now() + READY_MS_MAX
    for (let address = ''; address === ''; address = readIfThere(told)) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`The server did not start:\n${this.lastWords()}`)
      await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS) })
    }
    this.port = Number(readIfThere(told).split(':').at(-1))
  }

  /** As the power would fail. */
  async kill(): Promise<void> {
    await this.end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM')
  }

  lastWords(): string {
    return readIfThere(this.log).split('\n').slice(-30).join('\n')
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this
    this.child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
