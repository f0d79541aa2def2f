import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@playwright/test'
import manifest from '../../package.json' with { type: 'json' }
import { noise } from '../support/files.ts'
import { electronRuntime } from './support/hosts.ts'

const run = promisify(execFile)

/** What a .deb and an .rpm install for the app's work, besides Electron's own files. */
const INSTALLED = [
  '/opt/Coffer/coffer',
  '/opt/Coffer/chrome-sandbox',
  '/opt/Coffer/bin/coffer',
  '/opt/Coffer/LICENSE.electron.txt',
  '/opt/Coffer/LICENSES.chromium.html',
  '/opt/Coffer/THIRD-PARTY-NOTICES.txt',
  '/opt/Coffer/README.txt',
  '/opt/Coffer/resources/app-update.yml',
  '/opt/Coffer/resources/package-type',
  '/opt/Coffer/resources/app.asar',
  '/opt/Coffer/resources/apparmor-profile',
  '/usr/bin/coffer',
  '/usr/share/applications/coffer.desktop',
  '/usr/share/icons/hicolor/256x256/apps/coffer.png',
  '/usr/share/mime/packages/coffer.xml',
]

function packages(): { deb: string; rpm: string } {
  const found = electronRuntime()
  if (found === null) throw new Error('Start it with scripts/test-desktop.sh.')
  return found
}

/** Chromium's texts in the languages of the window alone. */
function expectContents(paths: string[]): void {
  expect(paths).toEqual(expect.arrayContaining(INSTALLED))
  const locales = paths.filter((path) => path.endsWith('.pak') && path.includes('/locales/'))
  expect(locales.map((path) => path.replace(/.*\//, ''))).toEqual(['en-GB.pak', 'en-US.pak'])
}

test.describe('the .deb', () => {
  let scratch: string
  let root: string

  test.beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'coffer-deb-'))
    root = join(scratch, 'root')
    await run('dpkg-deb', ['--extract', packages().deb, root])
    await run('dpkg-deb', ['--control', packages().deb, join(scratch, 'control')])
  })
  test.afterAll(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }))

  test('says what it is, and needs what Electron and the keychain need', async () => {
    const { stdout } = await run('dpkg-deb', ['--field', packages().deb])
    expect(stdout).toMatch(/^Package: coffer$/m)
    expect(stdout).toContain(`Version: ${manifest.version}\n`)
    expect(stdout).toContain(`Homepage: ${manifest.homepage}\n`)
    expect(stdout).toMatch(/^Maintainer: .+ <.+@.+>$/m)
    expect(stdout).toMatch(/^Description: File vault for S3\n \S/m)
    expect(stdout).toMatch(/^Section: utils$/m)
    expect(stdout).toMatch(/^Depends: .*libgtk-3-0.*libnss3.*libsecret-1-0/m)
  })

  test('holds the app, its command on PATH, its entry in the menu and its types of files', async () => {
    const { stdout } = await run('dpkg-deb', ['--contents', packages().deb], { maxBuffer: 1 << 24 })
    const lines = stdout.trim().split('\n')
    expectContents(lines.map((line) => line.replace(/^(?:\S+\s+){5}\./, '').replace(/ -> .*/, '')))
    expect(lines.filter((line) => !/^\S+ root\/root /.test(line))).toEqual([])
    expect(readlinkSync(join(root, 'usr/bin/coffer'))).toBe('../../opt/Coffer/bin/coffer')

    const entry = await readFile(join(root, 'usr/share/applications/coffer.desktop'), 'utf8')
    expect(entry).toMatch(/^Exec=\/opt\/Coffer\/coffer %U$/m)
    expect(entry).toMatch(/^MimeType=application\/x-coffer-kit;application\/x-age;$/m)
    // The class that the window has on X11, and its app id on Wayland.
    expect(entry).toMatch(/^StartupWMClass=coffer$/m)
    // The entry for those who unpack the archive is the same but for the order.
    const ours = await readFile('resources/linux/coffer.desktop', 'utf8')
    expect(entry.trim().split('\n').toSorted()).toEqual(ours.trim().split('\n').toSorted())
  })

  test('says what installed it, and is in the list of the update feed with its hash', async () => {
    expect(await readFile(join(root, 'opt/Coffer/resources/package-type'), 'utf8')).toBe('deb')
    const list = await readFile(join(packages().deb, '../latest-linux.yml'), 'utf8')
    const hash = createHash('sha512')
      .update(await readFile(packages().deb))
      .digest('base64')
    expect(list).toContain(`-amd64.deb\n    sha512: ${hash}\n`)
  })

  test('teaches the system the types of files that Coffer opens', async () => {
    const types = join(root, 'usr/share/mime')
    await run('update-mime-database', [types])
    const globs = await readFile(join(types, 'globs2'), 'utf8')
    expect(globs).toContain('application/x-coffer-kit:*.coffer-kit\n')
    expect(globs).toContain('application/x-age:*.age\n')
  })

  test('has scripts of a shell that every system has, and sums of its files that are right', async () => {
    for (const script of ['postinst', 'postrm']) {
      const text = await readFile(join(scratch, 'control', script), 'utf8')
      expect(text).toMatch(/^#!\/bin\/sh\n/)
      expect(text).not.toContain('${')
      await run('sh', ['-n', join(scratch, 'control', script)])
    }
    // In the middle of an upgrade nothing is taken away.
    await run('sh', ['-eu', join(scratch, 'control', 'postrm'), 'upgrade', '1.0.0'], { env: {} })
    await run('md5sum', ['--check', '--quiet', join(scratch, 'control', 'md5sums')], { cwd: root })
  })

  test('runs the command without a display, and puts a file in and gets it back', async () => {
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: scratch,
      COFFER_HOME: join(scratch, 'home'),
      // The keychain's.
      DBUS_SESSION_BUS_ADDRESS: process.env.DBUS_SESSION_BUS_ADDRESS,
      // Neither makes the app a Node.js for any program.
      ELECTRON_RUN_AS_NODE: '1',
      NODE_OPTIONS: '--require /nonexistent',
    }
    const coffer = async (...args: string[]) => run(join(root, 'usr/bin/coffer'), args, { env, cwd: scratch })
    expect((await coffer('--version')).stdout).toBe(`${manifest.version}\n`)

    const film = noise(3_000_000, 'film')
    await writeFile(join(scratch, 'film.bin'), film)
    await coffer('key', 'new', 'mine', '--purpose', 'cse')
    await coffer('put', 'film.bin', 's3://private/', '--mode', 'cse-c', '--key', 'mine', '--no-kit')
    await coffer('get', 's3://private/film.bin', 'back.bin')
    expect(readFileSync(join(scratch, 'back.bin')).equals(film)).toBe(true)

    const fails = (program: string, ...args: string[]): { status: number | null; words: string } => {
      const { status, stderr } = spawnSync(join(root, program), args, { env, cwd: scratch, encoding: 'utf8' })
      // Chromium's own word of a system without a bus.
      return { status, words: stderr.replace(/^\[\d+:\d+\/[\d.]+:ERROR:bus\.cc.*\n/gm, '') }
    }
    expect(fails('usr/bin/coffer', 'get', 's3://private/none', 'none')).toMatchObject({ status: 3 })
    // What Node.js would tell of connections stays off the terminal: the command starts again without it, or does not start.
    const debug = spawnSync(join(root, 'usr/bin/coffer'), ['ls'], {
      env: { ...env, NODE_DEBUG: 'net,http' },
      encoding: 'utf8',
      timeout: 30_000,
    })
    expect([0, 1]).toContain(debug.status)
    expect(debug.stderr).not.toMatch(/^(?:NET|HTTP) \d+/m)
    // A switch of Chromium's is none here.
    const unknown = fails('usr/bin/coffer', 'ls', '--type=renderer')
    expect(unknown.status).toBe(2)
    expect(unknown.words).toContain("unknown option '--type=renderer'")
    const other = fails('opt/Coffer/coffer', '--run-program', '--no-sandbox', '--', '/tmp/other.js')
    expect(other).toEqual({ status: 2, words: 'coffer: there is no program other.js in this app\n' })
  })
})

test('the .rpm says and holds the same', async () => {
  const { rpm } = packages()
  const query = ['%{NAME}', '%{VERSION}', '%{URL}', '%{LICENSE}', '%{SUMMARY}'].join('\\n')
  const { stdout } = await run('rpm', ['-qp', '--queryformat', query, rpm])
  expect(stdout.split('\n')).toEqual(['coffer', manifest.version, manifest.homepage, 'MIT', 'File vault for S3'])
  const listed = await run('rpm', ['-qp', '--list', rpm], { maxBuffer: 1 << 24 })
  expectContents(listed.stdout.trim().split('\n'))
})
