/*
 * Packages the desktop app: npm run package [-- TARGET...] [--electron FOLDER] [--built FOLDER] [--out FOLDER]. Without
 * targets, those in electron-builder.yml; on Linux a tar.gz besides. With --electron, or ELECTRON_DIST, Electron's runtime is
 * taken from that folder and not over the network. --built names the built programs, if they are not in dist.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Arch, Platform, build } from 'electron-builder'

const root = resolve(import.meta.dirname, '..')
const stage = join(root, 'release', 'app')

/** What the app runs; the command line and the browser host need Node and are no part of it. */
const PROGRAMS = ['main.js', 'engine.js', 'localcloud.js', 'digest-worker.js', 'small-worker.js', 'preload.cjs']

interface Manifest {
  version: string
  description: string
  license: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

/** Programs and the shared parts that they load, by their paths in dist. */
async function withParts(built: string, names: string[]): Promise<string[]> {
  const found = new Set(names)
  for (const name of found) {
    const text = await readFile(join(built, name), 'utf8')
    for (const [, part = ''] of text.matchAll(/(?:from|import)\s*\(?"(\.{1,2}\/[^"]+)"/g)) {
      found.add(join(dirname(name), part))
    }
  }
  return [...found]
}

/** Lays out the folder that becomes the app's archive: built programs, and the one module that is native. */
async function layOut(built: string, manifest: Manifest): Promise<void> {
  await rm(stage, { recursive: true, force: true })
  await mkdir(stage, { recursive: true })
  for (const name of [...(await withParts(built, PROGRAMS)), 'renderer']) {
    const isKept = (path: string): boolean => !path.endsWith('.map')
    await cp(join(built, name), join(stage, 'dist', name), { recursive: true, filter: isKept })
  }
  const { version, description, license } = manifest
  const own = { name: 'coffer', version, description, license, author: 'Coffer', type: 'module', main: 'dist/main.js' }
  await writeFile(join(stage, 'package.json'), `${JSON.stringify(own, null, 2)}\n`)
  await cp(join(root, 'LICENSE'), join(stage, 'LICENSE'))
  await cp(join(root, 'resources', 'icons', '256x256.png'), join(stage, 'dist', 'icon.png'))
  await layOutKeytar()
}

/** The keychain's module, with the code for this system alone. */
async function layOutKeytar(): Promise<void> {
  const from = join(root, 'node_modules', 'keytar')
  const to = join(stage, 'modules', 'keytar')
  const system = `${process.platform}-${process.arch}`
  const parts = ['package.json', 'LICENSE.md', 'lib', join('prebuilds', system)]
  for (const part of parts) await cp(join(from, part), join(to, part), { recursive: true })
}

/** A runtime's folder says its version. */
async function electronVersion(dist: string | undefined): Promise<string> {
  const said = dist === undefined ? '' : await readFile(join(dist, 'version'), 'utf8').catch(() => '')
  if (said.trim() !== '') return said.trim()
  const electron = JSON.parse(await readFile(join(root, 'node_modules/electron/package.json'), 'utf8')) as Manifest
  return electron.version
}

/** The unpacked app as one file, the same for the same content. */
function archive(out: string, { version }: Manifest): string {
  const name = `coffer-${version}-linux-${process.arch}`
  const file = join(out, `${name}.tar.gz`)
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0']
  const renamed = `--transform=s,^linux-[^/]*,${name},`
  const folder = readdirSync(out).find((entry) => /^linux-.*unpacked$/.test(entry))
  if (folder === undefined) throw new Error(`there is no unpacked app in ${out}`)
  execFileSync('tar', [...same, renamed, '-czf', file, '-C', out, folder], { stdio: 'inherit' })
  return file
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      electron: { type: 'string' },
      built: { type: 'string', default: join(root, 'dist') },
      out: { type: 'string', default: join(root, 'release', 'out') },
    },
  })
  const out = resolve(values.out)
  const built = resolve(values.built)
  if (!existsSync(join(built, 'main.js'))) throw new Error('Build it first: npm run build.')
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
  await layOut(built, manifest)
  const electronDist = values.electron ?? process.env.ELECTRON_DIST
  const made = await build({
    targets: Platform.current().createTarget([...positionals], Arch[process.arch as keyof typeof Arch]),
    projectDir: root,
    publish: 'never',
    config: {
      extends: join(root, 'electron-builder.yml'),
      electronVersion: await electronVersion(electronDist),
      directories: { output: out },
      // The folder that was laid out is the whole app; nothing is looked for, installed or built.
      beforeBuild: () => Promise.resolve(false),
      ...(electronDist === undefined ? {} : { electronDist: resolve(electronDist) }),
    },
  })
  if (process.platform === 'linux' && positionals.length === 0) made.push(archive(out, manifest))
  for (const path of made) process.stdout.write(`${basename(path)}\n`)
}

await main()
