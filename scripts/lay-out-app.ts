import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Feed } from '../electron/desktop/update-facts.ts'

const root = resolve(import.meta.dirname, '..')
const release = join(root, 'release')
const stage = join(release, 'app')

export interface Manifest {
  version: string
  description: string
  license: string
  homepage: string
  author: { name: string; email: string }
}

/** Reads the project's own package.json. */
export async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
}

/**
 * Lays out release/app, which becomes the app's archive: built programs, and the one module that is native. `updates` says where
 * the update feed is, and its public key; without it the app does not look for updates.
 */
export async function layOutApp(built: string, manifest: Manifest, updates: Feed | undefined): Promise<void> {
  await rm(stage, { recursive: true, force: true })
  await cp(built, join(stage, 'dist'), { recursive: true, filter: (path) => !path.endsWith('.map') })
  const { version, description, license, homepage, author } = manifest
  const own = {
    name: 'coffer',
    version,
    description,
    license,
    homepage,
    author,
    type: 'module',
    main: 'dist/main.js',
    desktopName: 'coffer.desktop',
    ...(updates === undefined ? {} : { updates }),
  }
  await writeFile(join(stage, 'package.json'), `${JSON.stringify(own, null, 2)}\n`)
  await cp(join(root, 'LICENSE'), join(stage, 'LICENSE'))
  await cp(join(root, 'resources', 'icons', '256x256.png'), join(stage, 'dist', 'icon.png'))
  await layOutKeytar()
  await layOutLink()
}

/** The keychain's module, with the code for this system alone. */
async function layOutKeytar(): Promise<void> {
  const from = join(root, 'node_modules', 'keytar')
  const to = join(stage, 'modules', 'keytar')
  const system = `${process.platform}-${process.arch}`
  const parts = ['package.json', 'LICENSE.md', 'lib', join('prebuilds', system)]
  for (const part of parts) await cp(join(from, part), join(to, part), { recursive: true })
}

/** The link by which a .deb and an .rpm put the command on PATH; dpkg and rpm know it as a file of theirs. */
async function layOutLink(): Promise<void> {
  if (process.platform !== 'linux') return
  const link = join(release, 'linux', 'coffer')
  await rm(link, { force: true })
  await mkdir(dirname(link), { recursive: true })
  await symlink('../../opt/Coffer/bin/coffer', link)
}
