/*
 * Packages the desktop app: npm run package [-- TARGET...] [--electron FOLDER] [--built FOLDER] [--out FOLDER] [--fast].
 * Without targets, those in electron-builder.yml; on Linux `tar.gz`, too. With --electron, or ELECTRON_DIST, Electron's runtime
 * is taken from that folder and not over the network. --built names the built programs, if they are not in dist. --fast packs
 * .deb and .rpm without compression, for tests.
 *
 * With COFFER_UPDATE_URL and COFFER_UPDATE_KEY (the public key that its lists are signed with, see sign-feed.ts) the app looks
 * for updates there.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Arch, Platform, build } from 'electron-builder'
import type { Feed } from '../electron/desktop/update-facts.ts'
import { layOutApp, readManifest, type Manifest } from './lay-out-app.ts'

const root = resolve(import.meta.dirname, '..')
const TAR = 'tar.gz'

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
  // What another package leaves in the folder says that it installed this copy.
  const foreign = ['--exclude=package-type', '--exclude=app-update.yml']
  const same = [...foreign, '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0']
  const renamed = `--transform=s,^linux-[^/]*,${name},`
  const folder = readdirSync(out).find((entry) => /^linux-.*unpacked$/.test(entry))
  if (folder === undefined) throw new Error(`there is no unpacked app in ${out}`)
  execFileSync('tar', [...same, renamed, '-czf', file, '-C', out, folder], { stdio: 'inherit' })
  return file
}

/** The update feed that this build looks for updates in; undefined where it has none. */
function updateFeed(): Feed | undefined {
  const { COFFER_UPDATE_KEY: key, COFFER_UPDATE_URL: url } = process.env
  return key && url ? { url, key } : undefined
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      electron: { type: 'string' },
      built: { type: 'string', default: join(root, 'dist') },
      out: { type: 'string', default: join(root, 'release', 'out') },
      fast: { type: 'boolean', default: false },
    },
  })
  const out = resolve(values.out)
  const built = resolve(values.built)
  if (!existsSync(join(built, 'main.js'))) throw new Error('Build it first: npm run build.')
  const manifest = await readManifest()
  const updates = updateFeed()
  await layOutApp(built, manifest, updates)

  const wantsTar = process.platform === 'linux' && (positionals.length === 0 || positionals.includes(TAR))
  const others = positionals.filter((target) => target !== TAR)
  const targets = others.length === 0 && wantsTar && positionals.length > 0 ? ['dir'] : others
  const electronDist = values.electron ?? process.env.ELECTRON_DIST
  // electron-builder would download fpm from where no registry and no hash of ours vouches for it.
  if (process.env.USE_SYSTEM_FPM !== 'true') process.env.CUSTOM_FPM_PATH ??= join(root, 'scripts', 'linux-package.ts')
  const made = await build({
    targets: Platform.current().createTarget(targets, Arch[process.arch as keyof typeof Arch]),
    projectDir: root,
    publish: 'never',
    config: {
      extends: join(root, 'electron-builder.yml'),
      electronVersion: await electronVersion(electronDist),
      directories: { output: out },
      // The folder that was laid out is the whole app; nothing is looked for, installed or built.
      beforeBuild: () => Promise.resolve(false),
      ...(electronDist === undefined ? {} : { electronDist: resolve(electronDist) }),
      ...(updates === undefined ? { publish: null } : {}),
      ...(values.fast ? { deb: { fpm: ['--deb-compression=none'] }, rpm: { fpm: ['--rpm-compression=none'] } } : {}),
    },
  })
  if (wantsTar) made.push(archive(out, manifest))
  for (const path of made) process.stdout.write(`${basename(path)}\n`)
}

await main()
