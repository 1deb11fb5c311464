// Files that people send.

import type { BrowserContext } from 'playwright-core'

/** A picture to send: PNG, painted by the browser itself. */
export async function painting(context: BrowserContext): Promise<Buffer> {
  const page = await context.newPage()
  await page.setViewportSize({ width: 480, height: 320 })
  await page.setContent(`<style>body{margin:0;height:100vh;background:linear-gradient(#f7d9a8,#f1a57c 55%,#35605a 55%,#1d3b3a)}
    i{position:absolute;left:190px;top:90px;width:100px;height:100px;border-radius:50%;background:#fff3d6}</style><i></i>`)
  const bytes = await page.screenshot({ type: 'png' })
  await page.close()
  return bytes
}

export const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>window.hacked = true</script></svg>')
export const HTML = Buffer.from('<!doctype html><script>window.hacked = true</script>')
