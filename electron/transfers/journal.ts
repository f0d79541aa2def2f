import { CofferError } from '../base/errors.ts'
import type { HeldUpload, NewUpload, Uploads } from '../store/uploads.ts'
import type { UploadHooks } from './hooks.ts'

/** An upload that is written down as it goes. */
export interface Journal {
  hooks: UploadHooks
  /** Undefined until it has come to an upload in parts. */
  held(): HeldUpload | undefined
}

/** Writes down an upload from its beginning, if it goes in parts: one that goes by one request leaves nothing behind. */
export function newJournal(uploads: Uploads, upload: NewUpload, sealedHere: boolean): Journal {
  let held: HeldUpload | undefined
  const begin = (): void => {
    held = uploads.begin(upload)
  }
  const begun = (): HeldUpload => {
    if (held === undefined) throw new CofferError('INTERNAL', 'An upload in parts was not written down.')
    return held
  }
  return {
    held: () => held,
    hooks: {
      opening: () => now(begin),
      created: (opened) => now(() => begun().opened(opened)),
      async beforePart({ number, bytes, sha256 }) {
        await begun().attempted({ number, size: bytes, sha256 }, sealedHere)
        return undefined
      },
      afterPart: (part) => now(() => begun().acknowledged(part)),
    },
  }
}

/** An upload that goes on, and whether its content has turned out to be another. */
export interface ResumedJournal {
  hooks: UploadHooks
  differs: () => boolean
}

/**
 * Goes on with an upload. Of each part that may have been sent before, the hash must be the one that was written down then;
 * the first that differs ends the upload, before it or anything after it has left. As parts are asked about in order, one
 * that never left is only reached if all before it are the same. `there`: the ETags of what S3 has.
 */
export function resumedJournal(
  held: HeldUpload,
  there: ReadonlyMap<number, string>,
  sealedHere: boolean,
): ResumedJournal {
  const before = held.parts()
  let differs = false
  return {
    differs: () => differs,
    hooks: {
      async beforePart({ number, bytes, sha256 }) {
        const part = before.get(number)
        if (part === undefined) {
          await held.attempted({ number, size: bytes, sha256 }, sealedHere)
          return undefined
        }
        differs ||= part.size !== bytes || !part.sha256.equals(sha256)
        if (differs) throw new CofferError('CHANGED_WHILE_READ', 'The file is not what was sent of it before.')
        return there.get(number)
      },
      afterPart: (part) => now(() => held.acknowledged(part)),
    },
  }
}

/** What is thrown comes as a rejection. */
function now<T>(write: () => T): Promise<T> {
  return new Promise((resolve) => resolve(write()))
}
