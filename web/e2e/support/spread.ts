// Several servers that share the institutions, and the way to them: each request, and each socket, goes to any of them.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request, type ClientRequest, type IncomingMessage, type RequestListener, type Server as Listener } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

const LISTENS_MS_MAX = 30_000
const LOOK_AGAIN_MS = 20

/** A nats-server of our own, in a folder of its own. */
export class Nats {
  private constructor(private readonly child: ChildProcess, readonly url: string) {}

  static async start(folder: string): Promise<Nats> {
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/nats.conf`, `listen: "127.0.0.1:-1"\nports_file_dir: "${folder}"\nauthorization { user: "hotline", password: "browser" }\n`)
    const log = openSync(`${folder}/log`, 'w')
    // The path of scripts/lib.sh: Debian keeps it where an ordinary user does not look.
    const child = spawn('nats-server', ['--config', `${folder}/nats.conf`], { stdio: ['ignore', log, log] })
    closeSync(log)
    await once(child, 'spawn')
    const until = Date.now() + LISTENS_MS_MAX
    for (;;) {
      const port = /127\.0\.0\.1:(\d+)/.exec(readIfThere(`${folder}/nats-server_${child.pid}.ports`))?.[1]
      if (port !== undefined) return new Nats(child, `nats://hotline:browser@127.0.0.1:${port}`)
      if (child.exitCode !== null || Date.now() > until) throw new Error(`nats-server did not start:\n${readIfThere(`${folder}/log`)}`)
      await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS) })
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill()
    await gone
  }
}

/** Takes each request to one of the servers, by chance, as it is; also over one connection. */
export class Spread {
  /** How many requests and sockets each has got. */
  readonly taken: number[]

  private constructor(private readonly listener: Listener, private readonly ports: readonly number[]) {
    this.taken = ports.map(() => 0)
  }

  static async over(ports: readonly number[]): Promise<Spread> {
    const listener = createServer()
    const spread = new Spread(listener, ports)
    listener.on('request', spread.carries)
    listener.on('upgrade', (asked: IncomingMessage, near: Socket, head: Buffer) => { spread.joins(asked, near, head) })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return spread
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port
  }

  close(): void {
    this.listener.close()
    this.listener.closeAllConnections()
  }

  private any(): number {
    const place = Math.floor(Math.random() * this.ports.length)
    this.taken[place] = (this.taken[place] ?? 0) + 1
    return this.ports[place] ?? 0
  }

  private readonly carries: RequestListener = (asked, answer) => {
    const { method, url: path, rawHeaders: headers } = asked
    // A connection of its own: one that was kept might be closed by the server just then.
    const far: ClientRequest = request({ host: '127.0.0.1', port: this.any(), method, path, headers, setHost: false, agent: false }, (said) => {
      answer.writeHead(said.statusCode ?? 502, said.statusMessage, said.rawHeaders)
      said.pipe(answer)
    })
    // Whatever breaks off on one side, breaks off on the other.
    far.on('error', () => { answer.destroy() })
    answer.on('close', () => { far.destroy() })
    asked.pipe(far)
  }

  /** A socket, as it is from its first byte on. */
  private joins(asked: IncomingMessage, near: Socket, head: Buffer): void {
    const far = connect(this.any(), '127.0.0.1')
    const headers = asked.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
    far.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${headers}\r\n`)
    far.write(head)
    near.pipe(far).pipe(near)
    near.on('error', () => { far.destroy() })
    far.on('error', () => { near.destroy() })
    near.on('close', () => { far.destroy() })
    far.on('close', () => { near.destroy() })
  }
}

/** What the file holds; nothing, if it is not there. */
export function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
