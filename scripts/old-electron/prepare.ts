/*
 * Makes the Electron of Cypress a stock one, to run tests with: node scripts/old-electron/prepare.ts FOLDER. Sets its fuses as
 * Electron is delivered, and adds the program that opens an app which is not packaged.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createPackage } from '@electron/asar'
import { FuseV1Options, FuseVersion, flipFuses } from '@electron/fuses'

const dist = resolve(process.argv[2] ?? '')
const program = join(dist, 'electron')

await flipFuses(program, {
  version: FuseVersion.V1,
  [FuseV1Options.RunAsNode]: true,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: true,
  [FuseV1Options.EnableNodeCliInspectArguments]: true,
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
})
await chmod(program, 0o755)

const folder = await mkdtemp(join(tmpdir(), 'default-app-'))
const opener = await readFile(join(import.meta.dirname, 'default-app.ts'), 'utf8')
await writeFile(join(folder, 'main.mjs'), stripTypeScriptTypes(opener))
await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'electron', main: 'main.mjs' }))
await createPackage(folder, join(dist, 'resources', 'default_app.asar'))
await rm(folder, { recursive: true })
