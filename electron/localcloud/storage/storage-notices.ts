import { foundFolder } from '../found.ts'
import type { Notice } from '../handshake.ts'
import { BLOB_ID } from './blobs.ts'
import type { IndexReport, RebuildReason } from './open-index.ts'
import { filesIn, type Reconciled } from './reconcile.ts'

/** What a rebuild did besides reading the log. */
export interface BroughtBack {
  adopted: number
  left: number
  missing: { count: number; list: string | null }
  objects: number
}

const REASONS: Record<RebuildReason, string> = {
  lost: 'was not there',
  damaged: 'was damaged',
  copied: 'was a copy',
  older: 'was older than the stored objects',
  asked: 'was to be made anew',
}

/** What the owner should know about the stored objects when the server starts. */
export function storageNotices(
  dataDir: string,
  report: IndexReport,
  { missing }: Reconciled,
  rebuilt: BroughtBack | undefined,
): Notice[] {
  const notices = rebuilt && report.rebuilt ? [rebuiltNotice(report, report.rebuilt, rebuilt)] : []
  const unknown = filesIn(foundFolder(dataDir)).filter((name) => BLOB_ID.test(name)).length
  if (unknown > 0) notices.push(unknownNotice(dataDir, unknown))
  if (!rebuilt && missing > 0) notices.push(missingNotice(missing))
  return notices
}

function rebuiltNotice(report: IndexReport, reason: RebuildReason, rebuilt: BroughtBack): Notice {
  const { objects, adopted, left, missing } = rebuilt
  const sentences = [`The index of This computer ${REASONS[reason]} and was made anew: ${count(objects, 'object')}.`]
  if (report.logDamaged)
    sentences.push('Its log was damaged; what is in the log alone, small objects among it, may be missing.')
  if (adopted > 0)
    sentences.push(`${count(adopted, 'object')} came back from content files that the index did not know.`)
  if (missing.list !== null) {
    sentences.push(
      `The content of ${count(missing.count, 'object')} is not in this folder; they are listed in ${missing.list}.`,
    )
  }
  if (left > 0) sentences.push(`${count(left, 'content file')} could not be used or was older; see found/left.`)
  if (report.setAside !== null) sentences.push(`The former index is now ${report.setAside}.`)
  return { code: 'INDEX_REBUILT', message: sentences.join(' ') }
}

function unknownNotice(dataDir: string, unknown: number): Notice {
  const message =
    `${count(unknown, 'content file')} in This computer's folder ${unknown === 1 ? 'is' : 'are'} not in its index, so the ` +
    `index may be older than the content. Nothing was deleted: see ${foundFolder(dataDir)}. To bring the objects back: ` +
    'coffer up --rebuild'
  return { code: 'CONTENT_FOUND', message }
}

function missingNotice(missing: number): Notice {
  const message =
    `${count(missing, 'content file')} that the index of This computer names ${missing === 1 ? 'is' : 'are'} not there: those ` +
    'objects cannot be read. Put the folder objects/ back from a copy, then start again.'
  return { code: 'CONTENT_MISSING', message }
}

function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? '' : 's'}`
}
