// The way between a page and the server, which can swallow everything without a word, as a tunnel or a dead cell does.

import { createServer, connect, type AddressInfo, type Server as Listener, type Socket } from 'node:net'
import { once } from 'node:events'

export class Network {
  private readonly sockets = new Set<Socket>()
  private isSwallowing = false

  private constructor(private readonly listener: Listener) {}

  /** A way to the server at `url`. */
  static async to(url: string): Promise<Network> {
    const { hostname, port } = new URL(url)
    const network = new Network(createServer({ allowHalfOpen: true }))
    network.listener.on('connection', (near) => {
      const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
      network.joins(near, far)
      network.joins(far, near)
    })
    network.listener.listen(0, '127.0.0.1')
    await once(network.listener, 'listening')
    return network
  }

  get url(): string {
    return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}`
  }

  /** From now on nothing arrives, in neither direction, and nobody is told; also on connections that are made meanwhile. */
  swallows(): void {
    this.isSwallowing = true
    this.sockets.forEach((socket) => { socket.pause() })
  }

  /** What was swallowed arrives after all, as TCP sends it again. */
  heals(): void {
    this.isSwallowing = false
    this.sockets.forEach((socket) => { socket.resume() })
  }

  close(): void {
    this.sockets.forEach((socket) => { socket.destroy() })
    this.listener.close()
  }

  private joins(from: Socket, to: Socket): void {
    this.sockets.add(from)
    if (this.isSwallowing) from.pause()
    from.on('data', (bytes) => { to.write(bytes) })
    from.on('end', () => { to.end() })
    from.on('error', () => { to.destroy() })
    from.on('close', () => {
      this.sockets.delete(from)
      if (!this.isSwallowing) to.destroy()
    })
  }
}
