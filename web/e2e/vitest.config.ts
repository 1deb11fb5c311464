import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Each file of tests has a server, a database and a browser of its own; two go on at a time. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { alias: { '@': fileURLToPath(new URL('../src', import.meta.url)) } },
  test: {
    environment: 'node',
    include: ['e2e/**/*.test.ts'],
    globalSetup: 'e2e/support/database.ts',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000, interval: 50 } },
    disableConsoleIntercept: true,
  },
})
