// Databases in the cluster that the caller gives. The demo is made once and copied for each file of tests.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { runHotline } from './server'

const run = promisify(execFile)
const TEMPLATE = 'browser_demo'

export function needed(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: scripts/browser.sh runs these tests.`)
  return value
}

export const urlOf = (database: string): string => `${needed('CLUSTER_URL')}/${database}`

/** What a statement answers, a line for each row. */
export async function sql(database: string, statement: string): Promise<string> {
  const { stdout } = await run(needed('PSQL'), ['-qtA', '--no-psqlrc', '--set=ON_ERROR_STOP=1', urlOf(database), '-c', statement])
  return stdout.trim()
}

async function make(database: string, like: string): Promise<void> {
  await sql('postgres', `drop database if exists ${database}`)
  await sql('postgres', `create database ${database} template ${like}`)
}

/** A fresh copy of the demo. */
export async function demoDatabase(name: string): Promise<string> {
  const database = `browser_${name}`
  await make(database, TEMPLATE)
  return database
}

/** Vitest calls this once before everything. */
export default async function setup(): Promise<void> {
  await make(TEMPLATE, 'template0')
  await runHotline(TEMPLATE, ['migrate'])
  await runHotline(TEMPLATE, ['demo'])
}
