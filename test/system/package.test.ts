import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { extractFile, listPackage } from '@electron/asar'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesBelow, temporaryFolder } from '../support/files.ts'
import { succeed } from '../support/run.ts'

/*
 * The package as far as it can be made and looked at without Electron's runtime: a folder stands in its place, whose program
 * holds nothing but the switches (fuses) that are set in the real one. That the app starts is not checked here.
 */

/** Where fuses are in a program of Electron's: this text, the version, how many, one character each (@electron/fuses). */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const FUSES = 9
/** How a switch that is on is written (FuseState.ENABLE, which exists as a type only). */
const ON = 0x31

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let unpacked: string
let out: string

async function standIn(path: string): Promise<void> {
  await mkdir(join(path, 'locales'), { recursive: true })
  await mkdir(join(path, 'resources'))
  const program = Buffer.concat([
    Buffer.from(`stand-in ${SENTINEL}`),
    Buffer.from([1, FUSES]),
    Buffer.from('101101001'),
    Buffer.alloc(64),
  ])
  await writeFile(join(path, 'electron'), program)
  await chmod(join(path, 'electron'), 0o755)
  for (const name of ['version', 'LICENSE', 'chrome-sandbox', join('locales', 'en-US.pak')]) {
    await writeFile(join(path, name), '')
  }
}

async function archiveName(): Promise<string> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  return `coffer-${version}-linux-${process.arch}.tar.gz`
}

function packed(): string[] {
  return listPackage(join(unpacked, 'resources', 'app.asar'), { isPack: false }).map((path) => path.slice(1))
}

describe.runIf(process.platform === 'linux')('the package, which is made on Linux here', () => {
  beforeAll(async () => {
    folder = await temporaryFolder()
    out = join(folder.path, 'out')
    const electron = join(folder.path, 'electron')
    await standIn(electron)
    await succeed(process.execPath, ['scripts/package.ts', '--electron', electron, '--out', out])
    await succeed('tar', ['-xzf', join(out, await archiveName()), '-C', folder.path])
    unpacked = join(folder.path, (await archiveName()).replace('.tar.gz', ''))
  })
  afterAll(() => folder.remove())

  test('the archive holds the app, and nothing else', () => {
    const files = packed()
    for (const name of [
      'main.js',
      'cli.js',
      'engine.js',
      'localcloud.js',
      'digest-worker.js',
      'small-worker.js',
      'preload.cjs',
      'renderer/index.html',
    ]) {
      expect(files).toContain(`dist/${name}`)
    }
    expect(files).toContain('node_modules/keytar/lib/keytar.js')
    const known = /^(package\.json|LICENSE|dist(\/.*)?|node_modules(\/keytar(\/.*)?)?)$/
    expect(files.filter((name) => !known.test(name))).toEqual([])
    expect(files.filter((name) => /\.(map|ts|svelte)$|(^|\/)tests?(\/|$)|fixtures|\.env/.test(name))).toEqual([])
    const manifest = extractFile(join(unpacked, 'resources', 'app.asar'), 'package.json').toString()
    expect(JSON.parse(manifest)).toMatchObject({ main: 'dist/main.js', type: 'module' })
  })

  test('a desktop finds the app’s entry and icon beside the program', async () => {
    expect(await filesBelow(unpacked)).toEqual(expect.arrayContaining(['coffer', 'coffer.desktop', 'coffer.png']))
  })

  test('native code, and only that, lies beside the archive', async () => {
    const beside = await filesBelow(join(unpacked, 'resources', 'app.asar.unpacked'))
    expect(beside).toEqual([`node_modules/keytar/prebuilds/linux-${process.arch}/keytar.node`])
  })

  test('what the app loads is in the archive: every import of every program', () => {
    const files = packed()
    const archive = join(unpacked, 'resources', 'app.asar')
    for (const name of files.filter((file) => /^dist\/(shared\/)?[^/]+\.js$/.test(file))) {
      // Comments name modules of the libraries' own.
      const text = extractFile(archive, name)
        .toString()
        .replace(/^\s*(?:\/?\*|\/\/).*$/gm, '')
      const imports = [...text.matchAll(/(?:from|import)\s*\(?"(\.{1,2}\/[^"]+)"/g)].map(([, path = '']) => path)
      for (const path of imports)
        expect(files, `${name} imports ${path}`).toContain(resolve('/', name, '..', path).slice(1))
    }
  })

  test('the switches are set in the program itself', async () => {
    const wire = await getCurrentFuseWire(join(unpacked, 'coffer'))
    const on = (option: FuseV1Options): boolean => Number(wire[option]) === ON
    expect({
      runAsNode: on(FuseV1Options.RunAsNode),
      nodeOptions: on(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
      inspect: on(FuseV1Options.EnableNodeCliInspectArguments),
      fileProtocol: on(FuseV1Options.GrantFileProtocolExtraPrivileges),
    }).toEqual({ runAsNode: false, nodeOptions: false, inspect: false, fileProtocol: false })
    expect(on(FuseV1Options.EnableCookieEncryption)).toBe(true)
    expect(on(FuseV1Options.EnableEmbeddedAsarIntegrityValidation)).toBe(true)
    expect(on(FuseV1Options.OnlyLoadAppFromAsar)).toBe(true)
  })
})
