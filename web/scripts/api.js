// The types of the server's interface, from its OpenAPI document on the standard input.
//   hotline openapi | node scripts/api.js            writes src/api/schema.d.ts
//   hotline openapi | node scripts/api.js --check    fails if it is not what is committed
import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import openapiTS, { astToString } from 'openapi-typescript'

const FILE = new URL('../src/api/schema.d.ts', import.meta.url)
const HEAD = '// Generated from the server\'s OpenAPI document by scripts/api.js; `make web-api` writes it anew.\n\n'

const document = JSON.parse(await text(process.stdin))
const generated = HEAD + astToString(await openapiTS(document, { alphabetize: true }))

if (process.argv.includes('--check')) {
  const committed = await readFile(FILE, 'utf8').catch(() => '')
  if (committed !== generated) {
    console.error('web/src/api/schema.d.ts is not what the OpenAPI document says: run `make web-api` and commit.')
    process.exit(1)
  }
} else {
  await writeFile(FILE, generated)
}
