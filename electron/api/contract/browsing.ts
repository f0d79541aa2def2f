import { eventIterator, oc } from '@orpc/contract'
import * as z from 'zod'
import {
  bucketName,
  envelopeFormat,
  errorCode,
  journeyStep,
  objectKey,
  observedMode,
  placeRef,
  readOptions,
} from './common.ts'

export const listEntry = z.object({
  kind: z.enum(['object', 'folder']),
  key: z.string(),
  size: z.number(),
  lastModified: z.date().optional(),
  etag: z.string().optional(),
  /** From the catalog, if it is known for this ETag. */
  mode: observedMode.optional(),
  keyId: z.string().optional(),
  /** True for what is, by its name, the instruction file of another object of the list. */
  isInstructionFile: z.boolean().optional(),
})

const removedEntry = z.object({
  kind: z.enum(['object', 'folder']),
  key: z.string(),
  /** Of the newest version, as stored. */
  size: z.number(),
  removedAt: z.date().optional(),
})

const bucket = { place: placeRef, bucket: bucketName }
const object = { ...bucket, key: objectKey }
const version = { ...object, versionId: z.string().min(1) }

/** A folder: '' is the bucket itself. */
const folder = z
  .string()
  .max(1024)
  .regex(/^$|\/$/, 'a folder ends with /')

/** Looking at what is there: folder views and searches out of the catalog, and what one object has to tell. */
export const browsing = {
  /**
   * A part of a folder's view, out of the catalog: S3 is not asked, and This computer not started. Folders come first, by
   * name. Instruction files are only counted. `complete` is false for what was never listed to its end or is being listed: then `refresh` it and ask again.
   */
  page: oc
    .input(
      z.strictObject({
        ...bucket,
        prefix: folder.default(''),
        sort: z.enum(['name', 'size', 'date']).default('name'),
        descending: z.boolean().default(false),
        offset: z.int().min(0).default(0),
        limit: z.int().min(1).max(1000).default(100),
      }),
    )
    .output(
      z.object({
        entries: z.array(listEntry),
        total: z.number(),
        /** How many instruction files are in it, which are not shown: they belong to objects that are. */
        instructionFiles: z.number(),
        complete: z.boolean(),
        listedAt: z.date().optional(),
      }),
    ),

  /**
   * Lists a folder, or everything below it, into the catalog, and tells after each page what has come so far. Pages show
   * at once; what S3 has no longer goes at the end, with the event that is `done`.
   */
  refresh: oc
    .input(z.strictObject({ ...bucket, prefix: folder.default(''), recursive: z.boolean().default(false) }))
    .output(
      eventIterator(z.object({ pages: z.number(), objects: z.number(), folders: z.number(), done: z.boolean() })),
    ),

  /**
   * The listed objects of a bucket, or below a folder, whose keys hold all of the words, in any case. Those that hold them
   * in their name come before those that hold them in their path. `searched` objects were looked at, `total` were found; instruction files are left out.
   */
  search: oc
    .input(
      z.strictObject({
        ...bucket,
        prefix: folder.default(''),
        words: z.array(z.string().min(1).max(1024)).min(1).max(32),
        offset: z.int().min(0).default(0),
        limit: z.int().min(1).max(1000).default(100),
      }),
    )
    .output(z.object({ entries: z.array(listEntry), total: z.number(), searched: z.number() })),

  /** Modes and keys of the objects that are looked at: out of the catalog, else asked of S3, a few at once, and remembered. */
  details: oc.input(z.strictObject({ ...bucket, keys: z.array(objectKey).min(1).max(100) })).output(
    z.array(
      z.object({
        key: z.string(),
        mode: observedMode.optional(),
        keyId: z.string().optional(),
        /** Why it cannot be told. */
        error: errorCode.optional(),
      }),
    ),
  ),

  /** All that the bucket keeps of one object, newest first. A delete marker hides the object and holds nothing. */
  versions: oc.input(z.strictObject(object)).output(
    z.array(
      z.object({
        kind: z.enum(['version', 'delete-marker']),
        id: z.string(),
        isLatest: z.boolean(),
        lastModified: z.date(),
        size: z.number(),
        etag: z.string(),
      }),
    ),
  ),

  /**
   * What was removed from a folder and can be brought back, page by page: files that a delete marker hides, and folders in
   * which there is no file any more, as far as the folder itself was listed. Empty where the bucket keeps no versions.
   */
  removed: oc
    .input(z.strictObject({ ...bucket, prefix: folder.default('') }))
    .output(eventIterator(z.array(removedEntry))),

  /**
   * Takes away the delete marker that is named, or all that hide the object; `there` tells whether it can be seen again.
   * OBJECT_NOT_FOUND if there is nothing to bring back.
   */
  undelete: oc
    .input(z.strictObject({ ...object, versionId: z.string().min(1).optional() }))
    .output(z.object({ there: z.boolean() })),

  /**
   * Brings back every file below a folder that a delete marker hides, whenever it was removed, and tells how far it is: how
   * many of the files that were `looked` at are there again. OBJECT_NOT_FOUND if there is nothing to bring back.
   */
  undeleteFolder: oc
    .input(z.strictObject({ ...bucket, prefix: folder.default('') }))
    .output(eventIterator(z.object({ files: z.number(), bytes: z.number(), looked: z.number(), done: z.boolean() }))),

  /** Deletes one version, or delete marker, for good; `there` tells whether the object can still be seen. */
  removeVersion: oc.input(z.strictObject(version)).output(z.object({ there: z.boolean() })),

  /**
   * A small object (8 MiB at most), read into memory and proven before a byte of it is handed over. `mediaType` is what its
   * own bytes say, out of a closed list, and nothing that could run: HTML and SVG come as text.
   */
  preview: oc
    .input(z.strictObject({ ...object, versionId: z.string().min(1).optional(), options: readOptions.default({}) }))
    .output(
      z.object({
        kind: z.enum(['text', 'image', 'pdf']),
        mediaType: z.string(),
        content: z.instanceof(Blob),
        mode: observedMode,
        keyId: z.string().optional(),
        format: envelopeFormat.optional(),
        /** What proved it: the tag, S3's checksum of the whole, or nothing but S3's own word. */
        proof: z.enum(['tag', 'checksum', 'none']),
        journey: z.array(journeyStep),
      }),
    ),

  /**
   * What was seen to happen to an object's key when this very state of it was last read by this Coffer: saved, previewed or
   * verified. Null if it was not since Coffer was started. S3 is not asked.
   */
  lastRead: oc
    .input(z.strictObject({ ...object, etag: z.string() }))
    .output(z.object({ at: z.date(), journey: z.array(journeyStep) }).nullable()),
}
