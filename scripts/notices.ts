/*
 * Writes the licences of everything that the build has bundled into the built window, as JSON that About reads, and as text for
 * the package: node scripts/notices.ts, the last step of `npm run build`. Vite lists the modules of each build; what no module
 * tells it of is added here: fonts, which the style sheets import, the keychain's module, which stays outside of the bundle,
 * and files besides the licence that a licence wants passed on (Apache-2.0, section 4).
 */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LICENSES, target } from './build-target.ts'

const root = resolve(import.meta.dirname, '..')
const modules = join(root, 'node_modules')

/** As Vite writes it. */
interface Listed {
  name: string
  version: string
  identifier?: string
  text?: string
}

/** Packages under one text. */
interface Notice {
  packages: string[]
  license: string
  text: string
}

/** Not bundled, and in the package all the same. */
const UNBUNDLED = ['keytar']

async function read(path: string): Promise<string> {
  return await readFile(path, 'utf8')
}

async function listed(path: string): Promise<Listed[]> {
  const found = JSON.parse(await read(path)) as Listed[]
  await rm(path)
  return found
}

/** The packages whose files the window's style sheets import. */
async function styled(): Promise<string[]> {
  const folder = join(root, 'renderer', 'styles')
  const sheets = (await readdir(folder)).filter((name) => name.endsWith('.css'))
  const texts = await Promise.all(sheets.map((name) => read(join(folder, name))))
  const imports = texts.flatMap((text) => [...text.matchAll(/@import '((?:@[\w.-]+\/)?[\w-]+)[/']/g)])
  return imports.map(([, name = '']) => name)
}

/** A package as Vite would have listed it. */
async function describe(name: string): Promise<Listed> {
  const folder = join(modules, name)
  const manifest = JSON.parse(await read(join(folder, 'package.json'))) as Listed & { license: string }
  const file = (await readdir(folder)).find((entry) => /^(?:licen[cs]e|copying)/i.test(entry))
  const text = file === undefined ? '' : await read(join(folder, file))
  return { name: manifest.name, version: manifest.version, identifier: manifest.license, text: text.trim() }
}

/** What a package wants passed on besides its licence. */
async function furtherNotices(name: string): Promise<string> {
  const folder = join(modules, name)
  const names = (await readdir(folder).catch(() => [])).filter((entry) => /^(?:notice|third)/i.test(entry))
  return (await Promise.all(names.map((entry) => read(join(folder, entry)))))
    .map((text) => `\n\n${text.trim()}`)
    .join('')
}

/** Some packages name a licence and leave its text out, which is the same for all but for the author's name. */
async function textOf(one: Listed, all: Listed[]): Promise<string> {
  if (one.text !== undefined && one.text !== '') return one.text
  if (one.identifier === 'MIT') {
    const { author } = JSON.parse(await read(join(modules, one.name, 'package.json'))) as { author?: string }
    if (author !== undefined)
      return (await read(join(root, 'LICENSE'))).trim().replace(/^Copyright .*$/m, `Copyright (c) ${author}`)
  }
  const same = all.find(({ identifier, text }) => identifier === one.identifier && text?.includes('Apache License'))
  if (one.identifier === 'Apache-2.0' && same?.text !== undefined) return same.text
  throw new Error(`${one.name} has no text of its licence (${one.identifier ?? 'none named'})`)
}

const lists = [
  join(target.outDir, LICENSES.programs),
  join(target.outDir, LICENSES.preload),
  join(target.outDir, 'renderer', LICENSES.window),
]
const bundled = (await Promise.all(lists.map(listed))).flat()
const further = await Promise.all([...UNBUNDLED, ...(await styled())].map(describe))
const all = [...new Map([...bundled, ...further].map((one) => [`${one.name} ${one.version}`, one])).values()]

const notices = new Map<string, Notice>()
for (const one of all.toSorted((a, b) => a.name.localeCompare(b.name))) {
  const text = (await textOf(one, all)) + (await furtherNotices(one.name))
  const notice = notices.get(text) ?? { packages: [], license: one.identifier ?? 'see its text', text }
  notices.set(text, notice)
  notice.packages.push(`${one.name} ${one.version}`)
}

const HEAD = `Coffer contains software and fonts of other people, under these licences. The texts for Electron and Chromium are in files of
their own beside this one: LICENSE.electron.txt and LICENSES.chromium.html.
`
const asText = ({ packages, license, text }: Notice): string =>
  `${'-'.repeat(80)}\n${packages.join(', ')}\n(${license})\n\n${text}\n`
await writeFile(join(target.outDir, 'renderer', 'third-party-notices.json'), JSON.stringify([...notices.values()]))
await writeFile(join(target.outDir, 'THIRD-PARTY-NOTICES.txt'), [HEAD, ...[...notices.values()].map(asText)].join('\n'))
