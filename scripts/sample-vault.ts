/* A small firm's vault, for pictures of the window: its files, its keys, and what a person does there. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Page } from '@playwright/test'
import { noise } from '../test/support/files.ts'
import { succeed } from '../test/support/run.ts'

export const FOLDER = 'contracts/2026'

/** Its file, its kibibytes, how it is locked. */
const FILES: [name: string, kibibytes: number, ...flags: string[]][] = [
  ['drafts/lease-draft-2.docx', 84, '--mode', 'sse-s3'],
  ['signed/framework-agreement.pdf', 912, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['audit-trail.jsonl', 1_420, '--mode', 'cse-c', '--key', 'office'],
  ['board-minutes.docx', 96, '--mode', 'cse-c', '--key', 'office'],
  ['floor-plan.dwg', 3_310, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['handover-notes.md', 9, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['inventory.parquet', 4_100, '--mode', 'sse-kms', '--key', 'alias/contracts'],
  ['lease-annex-b.pdf', 810, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['lease-signed.pdf', 2_412, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['logo.svg', 14, '--mode', 'sse-s3'],
  ['press-kit.zip', 4_800, '--mode', 'sse-s3'],
  ['price-list.xlsx', 1_204, '--mode', 'sse-kms', '--key', 'alias/contracts'],
  ['salaries-2026.csv', 22, '--mode', 'sse-c', '--key', 'payroll'],
  ['supplier-terms.pdf', 640, '--mode', 'sse-kms', '--key', 'alias/contracts'],
]

/** Runs the command line over the vault in `folder`. */
export async function coffer(folder: string, ...args: string[]): Promise<string> {
  const env = { COFFER_HOME: join(folder, 'home') }
  return succeed(process.execPath, [resolve('dist/cli.js'), ...args], { env, cwd: folder })
}

/** Fills it by the command line; the files stay in `folder`/files. */
export async function fillVault(folder: string): Promise<void> {
  const run = (...args: string[]): Promise<string> => coffer(folder, ...args)
  await writeFile(join(folder, 'passphrase'), 'correct horse battery staple\n')
  await run('kms', 'create', '--alias', 'contracts', '--description', 'Contracts and what belongs to them')
  await run('kms', 'create', '--alias', 'photos')
  for (const name of ['office', 'payroll', 'travel']) await run('key', 'new', name)
  for (const name of ['office', 'payroll']) {
    await run('key', 'kit', name, join(folder, `${name}.kit`), '--passphrase-file', join(folder, 'passphrase'))
  }
  for (const [name, kibibytes, ...flags] of FILES) {
    const path = join(folder, 'files', name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, noise(kibibytes * 1_024, name))
    await run('put', path, `s3://papers/${FOLDER}/${name}`, ...flags)
  }
  await run('put', join(folder, 'files/logo.svg'), 's3://photos-2026/logo.svg', '--mode', 'sse-s3')
}

export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
}
