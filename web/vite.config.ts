import { readdirSync } from 'node:fs'
import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import Components from 'unplugin-vue-components/vite'
import { compression, defineAlgorithm } from 'vite-plugin-compression2'
import { defineConfig } from 'vitest/config'
import { guidePages } from './guides.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const GUIDES = readdirSync(here('../docs/zh')).filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -3))

/** The server that `npm run dev` asks. */
const SERVER = process.env.HOTLINE_URL ?? 'http://127.0.0.1:8080'

/** Where the server's interface is; everything else is a page of ours. */
const INTERFACE = '^/(arrange|auth|config|conversation|dispatch|evaluate|health|im|login|logout|message|user|wx|api|(visitor|workbench)/ws)(/|\\?|$)'

/**
 * The sheets of the visitor's page come after its frame: help is painted before they are there, and if they never come. None
 * of them keeps the script waiting: the page's own words come with it.
 */
const helpFirst: Plugin = {
  name: 'help-first',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(html, { path }) {
      if (!path.endsWith('/visitor.html')) return html
      const sheets = html.match(/ *<link rel="stylesheet"[^>]*>\n/g) ?? []
      const bare = sheets.reduce((rest, sheet) => rest.replace(sheet, ''), html)
      return bare.replace('    <div id="app">', `${sheets.join('')}    <div id="app">`)
    },
  },
}

export default defineConfig({
  // The pages may be served under a prefix.
  base: './',
  plugins: [
    guidePages(GUIDES),
    vue({ include: [/\.vue$/, /\/docs\/zh\/[a-z-]+\.md$/] }),
    helpFirst,
    Components({ resolvers: [ElementPlusResolver({ importStyle: 'css' })], dirs: [], dts: 'src/components.d.ts' }),
    compression({
      include: /\.(html|js|css|svg)$/,
      threshold: 512,
      algorithms: [defineAlgorithm('gzip', { level: 9 }), defineAlgorithm('brotliCompress')],
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: true,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_LEGACY_API__: false,
  },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The Content-Security-Policy knows no data: scripts, and a font of Element Plus is none of ours.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: {
        index: fileURLToPath(new URL('index.html', import.meta.url)),
        visitor: fileURLToPath(new URL('visitor.html', import.meta.url)),
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: { [INTERFACE]: { target: SERVER, ws: true } },
    fs: { allow: [here('.'), here('../docs')] },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    // A machine whose cores are busy with something else is no fault of the pages.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    server: { deps: { inline: ['element-plus'] } },
  },
})
