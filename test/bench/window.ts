import { rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openWindow, type WindowInBrowser } from '../e2e/support/window.ts'
import { succeed } from '../support/run.ts'
import { bundleCatalogProgram, CATALOG_PROGRAM } from './listing.ts'
import { median } from './measure.ts'
import type { BenchServer } from './servers.ts'
import { FLAT_BUCKETS } from './sink/listing.ts'
import { markdownTable, ratio } from './table.ts'
import type { Target } from './targets.ts'
import { listedWhole, openCold, openFolder, scroll, type Folder, type Frames } from './window-page.ts'

export interface WindowPlan {
  server: BenchServer
  rounds: number
  say: (text: string) => void
}

interface Part {
  rows: string[][]
  targets: Target[]
}

const [FEW, MANY] = ['flat-100', 'flat-100000'] as const

/** kB of 1,000 bytes. */
const MOST_SCRIPT = 300

/** A page of the same server, with nothing but a word in it: a paint of nothing is no contentful paint. */
const EMPTY = 'assets/empty.html'
const EMPTY_PAGE = '<!doctype html><meta charset="utf-8"><title>Empty</title><p>Empty</p>\n'

/** Opens the window in a browser with nothing cached, and folders of 100 and of 100,000 objects in it, and scrolls them. */
export async function runWindow({ server, rounds, say }: WindowPlan): Promise<{ table: string; targets: Target[] }> {
  const { person, endpoint } = server
  await bundleCatalogProgram()
  await succeed(process.execPath, [CATALOG_PROGRAM, 'welcomed'], { env: person.env })
  const [place] = await person.done(['place', 'add', 'sink', '--endpoint-url', endpoint, '--region', 'us-east-1'])
  const empty = resolve('dist/renderer', EMPTY)
  await writeFile(empty, EMPTY_PAGE)
  const context = { viewport: { width: 1280, height: 800 } }
  const window = await openWindow({ folder: person.folder, env: person.env, context })
  try {
    const folder = (bucket: string): Folder => ({
      hash: `#/vault/${place?.id ?? ''}/${bucket}/`,
      label: `Files in ${bucket}`,
    })
    const folders: Folders = { few: folder(FEW), many: folder(MANY) }
    const parts = [
      await paint(window, rounds, say),
      await open(window, folders, rounds, say),
      await scrolled(window, folders, rounds, say),
    ]
    const table = markdownTable(
      ['', 'beside it', 'measured', 'ratio'],
      parts.flatMap(({ rows }) => rows),
    )
    return { table, targets: parts.flatMap(({ targets }) => targets) }
  } finally {
    await window.close()
    await rm(empty, { force: true })
  }
}

interface Folders {
  few: Folder
  many: Folder
}

type Say = WindowPlan['say']

/** First contentful paints of an empty page and of the window, in turn. */
async function paint(window: WindowInBrowser, rounds: number, say: Say): Promise<Part> {
  const [theirs, ours, whole]: [number[], number[], number[]] = [[], [], []]
  let scripts = 0
  // The first round is the warm-up: the server reads its files from disk in it.
  for (let round = 0; round <= rounds; round++) {
    say(`cold windows, round ${round} of ${rounds}`)
    const empty = await openCold(window, window.address + EMPTY)
    const full = await openCold(window, window.address)
    scripts = full.scripts / 1_000
    if (round === 0) continue
    theirs.push(empty.painted)
    ours.push(full.painted)
    whole.push(full.whole)
    say(`${full.painted.toFixed(0)} ms, an empty page ${empty.painted.toFixed(0)} ms`)
  }
  const value = median(ours) / median(theirs)
  return {
    rows: [
      ['First contentful paint; an empty page, the window', ...compared(theirs, ours)],
      ['The window with its places', '', `${median(whole).toFixed(0)} ms`, ''],
      ['Scripts loaded at the start, gzipped', '', `${scripts.toFixed(0)} kB`, ''],
    ],
    targets: [
      { what: 'A cold window’s first contentful paint, against an empty page’s', value, bound: { most: 2 } },
      { what: 'Scripts that a cold window loads, gzipped', value: scripts, unit: 'kB', bound: { most: MOST_SCRIPT } },
    ],
  }
}

/** From the change of address to the first row on the screen, out of the catalog; S3 is listed behind it. */
async function open({ page }: WindowInBrowser, { few, many }: Folders, rounds: number, say: Say): Promise<Part> {
  say('listing the folders once')
  for (const [folder, bucket] of [[few, FEW] as const, [many, MANY] as const]) {
    await openFolder(page, folder)
    await listedWhole(page, folder, FLAT_BUCKETS[bucket])
  }
  const [theirs, ours]: [number[], number[]] = [[], []]
  for (let round = 1; round <= rounds; round++) {
    say(`opening folders, round ${round} of ${rounds}`)
    theirs.push(await openFolder(page, few))
    ours.push(await openFolder(page, many))
  }
  return {
    rows: [['A folder’s first rows painted; 100 objects, 100,000', ...compared(theirs, ours)]],
    targets: [
      {
        what: 'Opening a folder of 100,000 objects from the catalog, against one of 100',
        value: median(ours) / median(theirs),
        bound: { most: 2 },
      },
    ],
  }
}

/** The same gesture over both; in the large one from its middle, where nothing has been fetched yet. */
async function scrolled(window: WindowInBrowser, { few, many }: Folders, rounds: number, say: Say): Promise<Part> {
  const { page, browser } = window
  const [theirs, ours]: [Frames[], Frames[]] = [[], []]
  for (let round = 1; round <= rounds; round++) {
    say(`scrolling, round ${round} of ${rounds}`)
    for (const [folder, bucket, kept] of [[few, FEW, theirs] as const, [many, MANY, ours] as const]) {
      await openFolder(page, folder)
      await listedWhole(page, folder, FLAT_BUCKETS[bucket])
      const step = FLAT_BUCKETS[bucket] / 2 / rounds
      kept.push(await scroll(browser, page, bucket === MANY ? Math.floor(step * (rounds + round)) - 1_000 : 0))
    }
  }
  const [before, after] = [theirs, ours].map((frames) => median(frames.map(({ dropped }) => dropped)))
  const late = [theirs, ours].map((frames) => median(frames.map((each) => each.late)).toFixed(0))
  return {
    rows: [
      ['Frames dropped while scrolling; 100 objects, 100,000', String(before), String(after), ''],
      ['Frames that the page was late for; 100 objects, 100,000', ...late, ''],
    ],
    targets: [
      {
        what: 'Frames dropped while scrolling 100,000 objects, beyond those of 100',
        value: (after ?? NaN) - (before ?? NaN),
        unit: 'frames',
        bound: { most: 0 },
      },
    ],
  }
}

function compared(theirs: number[], ours: number[]): string[] {
  const [before, after] = [median(theirs), median(ours)]
  return [`${before.toFixed(0)} ms`, `${after.toFixed(0)} ms`, ratio(after / before)]
}
