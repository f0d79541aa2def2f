import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder of its own for one test, removed after it. Its real path. */
export function testFolder(): string {
  const folder = realpathSync.native(mkdtempSync(join(tmpdir(), 'coffer-test-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
