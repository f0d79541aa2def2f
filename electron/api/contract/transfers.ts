import { eventIterator, oc } from '@orpc/contract'
import * as z from 'zod'
import {
  acceptNoKit,
  bucketName,
  failure,
  location,
  modeChoice,
  objectKey,
  overwrite,
  placeRef,
  readOptions,
  writeOptions,
} from './common.ts'

/** What becomes of an object or a file that is there already. `ask`: the item becomes a `conflict` and waits. */
const overwriteOrAsk = z.enum([...overwrite.options, 'ask'])

/** `conflict`: its target is taken, and somebody has to say what to do. `skipped`: it has no place there; `error` says why. */
const itemState = z.enum(['waiting', 'active', 'paused', 'conflict', 'done', 'failed', 'skipped', 'cancelled'])

/**
 * `waiting`: its server is away; it goes on by itself. `stopped`: nobody works on it; `resume` takes it over. `finished`:
 * nothing is left to do, though items may have failed or wait for an answer.
 */
const runState = z.enum(['running', 'waiting', 'paused', 'stopped', 'finished', 'cancelled'])

const amount = z.object({ files: z.number(), bytes: z.number() })

/** One file or object of a run. */
const itemView = z.object({
  id: z.number(),
  run: z.number(),
  /** As the person knows it: the path of a file on its way in, the key of an object on its way out. */
  name: z.string(),
  key: z.string(),
  path: z.string(),
  bytes: z.number(),
  /** Bytes done, of those under way. */
  done: z.number(),
  state: itemState,
  /** Why it failed, was skipped or, of one that waits, why it will be tried again. */
  error: failure.optional(),
})

const runView = z.object({
  id: z.number(),
  kind: z.enum(['put', 'get']),
  /** A stored place's id, or the address of a server that is used once. */
  place: z.string(),
  bucket: z.string(),
  /** Where a put goes: an object's key, a folder that ends with `/`, or ''. Of a get: what all its keys begin with. */
  key: z.string(),
  /** What was dropped: the first paths or keys, and how many there are. */
  sources: z.array(z.string()),
  sourceCount: z.number(),
  /** Where a get goes. */
  to: z.string().optional(),
  mode: modeChoice.optional(),
  keyId: z.string().optional(),
  state: runState,
  /** True while there may be more to find: totals still grow. */
  finding: z.boolean(),
  /** Why it waits, or why what it was to do could not be found. */
  error: failure.optional(),
  /** When a waiting run asks for its server again. */
  nextTryAt: z.date().optional(),
  startedAt: z.date(),
  endedAt: z.date().optional(),
  /** All of it, and what became of it; what is in none of these is still to be done. */
  found: amount,
  finished: amount,
  failed: amount,
  skipped: amount,
  cancelled: amount,
  conflicts: amount,
  /** Bytes done of all: finished ones, and what is done of those under way. */
  bytesDone: z.number(),
  /** Bytes a second, over the last five seconds. */
  speed: z.number(),
  secondsLeft: z.number().optional(),
  /** The largest of those under way, at most 32; `activeCount` counts all. */
  active: z.array(itemView),
  activeCount: z.number(),
  /** True if another process works on it: it can be watched from here, and paused and cancelled. */
  elsewhere: z.boolean(),
})

/** Bytes a second; null: no limit. */
const rateLimit = z.object({ up: z.number().nullable(), down: z.number().nullable() })

const transfersEvent = z.object({
  /** The first event has every run, each later one those that changed since. Newest first. */
  runs: z.array(runView),
  /** Runs that were forgotten. */
  gone: z.array(z.number()),
  rateLimit,
})

const run = z.int().positive()
const item = z.int().positive()

/** Which: one item, one run, or everything. */
const which = z.strictObject({ run: run.optional(), item: item.optional() })

const started = z.object({ run: z.number() })

const leftover = z.object({
  id: z.string(),
  /** An upload in parts that S3 keeps and bills, or the beginning of a file beside its destination. */
  kind: z.enum(['upload', 'download']),
  place: z.string(),
  bucket: z.string(),
  key: z.string(),
  path: z.string().optional(),
  bytes: z.number().optional(),
  startedAt: z.date(),
})

/**
 * The queue: puts and gets that go on without anybody watching, and after a crash, a quit or sleep. Failures of one item
 * stay with it; what cannot even be begun fails at once.
 */
export const transfers = {
  /**
   * Files and folders go in; see objects.put for where. A path is absolute, or `stream:ID` for what a host hands over
   * itself. Throws KIT_NEEDED, and INVALID_INPUT if no mode is named and the bucket has no usual one.
   */
  put: oc
    .input(
      z.strictObject({
        ...location,
        paths: z.array(z.string().min(1)).min(1),
        mode: modeChoice.optional(),
        options: writeOptions.default({}),
        overwrite: overwriteOrAsk.default('ask'),
        /** Links inside folders are followed; a path that is a link is in any case. */
        followLinks: z.boolean().default(false),
        acceptNoKit,
      }),
    )
    .output(started),

  /**
   * Counts the files at and below paths, and their bytes, without reading them. `leftOut` counts what a put of the same paths
   * would leave out, such as devices and unreadable folders.
   */
  measure: oc
    .input(z.strictObject({ paths: z.array(z.string().min(1)).min(1) }))
    .output(amount.extend({ leftOut: z.number() })),

  /**
   * Objects, and everything below keys that end with `/`, come back into the folder `to`. One object goes to exactly `to`
   * unless that is a folder or ends with a separator. A folder keeps its structure, and its name if it is one of several.
   */
  get: oc
    .input(
      z.strictObject({
        place: placeRef,
        bucket: bucketName,
        /** '' alone is the whole bucket. */
        keys: z.array(z.union([objectKey, z.literal('')])).min(1),
        to: z.string().min(1),
        /** For a single object only. */
        versionId: z.string().min(1).optional(),
        options: readOptions.default({}),
        overwrite: overwriteOrAsk.default('ask'),
      }),
    )
    .output(started),

  /** The whole state at once, then what changes, at most eight times a second. */
  watch: oc.input(z.strictObject({ run: run.optional() })).output(eventIterator(transfersEvent)),

  /** Items of a run in the order they were found. `after` is the `id` of the last one seen. */
  items: oc
    .input(
      z.strictObject({
        run,
        state: itemState.optional(),
        after: z.int().min(0).default(0),
        limit: z.int().min(1).max(1000).default(200),
      }),
    )
    .output(z.array(itemView)),

  /** Stops and keeps what is needed to go on later. */
  pause: oc.input(which).output(z.void()),
  /** Goes on; also with runs that nobody works on. */
  resume: oc.input(which).output(z.void()),
  /** Stops, and leaves nothing behind of what is not done. */
  cancel: oc.input(which).output(z.void()),
  /** Tries again what has failed or was cancelled. */
  retry: oc.input(which).output(z.void()),

  /**
   * What to do with a conflict; without `item`, with all of the run, those to come included. `keep-both` gives the new one
   * a name that is free: `name (2).ext`.
   */
  answer: oc
    .input(z.strictObject({ run, item: item.optional(), answer: z.enum(['replace', 'skip', 'keep-both']) }))
    .output(z.void()),

  /**
   * Consent to plaintext, for all of a put that stopped because its server does not encrypt (NOT_ENCRYPTED): its files are
   * kept there in the clear. What has failed is tried again.
   */
  allowUnencrypted: oc.input(z.strictObject({ run })).output(z.void()),

  /** Forgets a run, or all, that have nothing left to do. */
  clear: oc.input(z.strictObject({ run: run.optional() })).output(z.void()),

  /** Takes over every run that nobody works on, unless it is paused. A host asks for it once, at its start. */
  resumeAll: oc.output(z.object({ runs: z.number() })),

  /** Limits all transfers of this person, in bytes a second; null lifts a limit, what is left out stays. */
  limit: oc
    .input(
      z.strictObject({
        up: z.int().min(1024).nullable().optional(),
        down: z.int().min(1024).nullable().optional(),
      }),
    )
    .output(rateLimit),

  /** What interrupted transfers left and no run will go on with. */
  leftovers: oc.input(z.strictObject({})).output(z.array(leftover)),
  /** Removes them; without `ids`, all. */
  cleanUp: oc
    .input(z.strictObject({ ids: z.array(z.string()).optional() }))
    .output(z.object({ removed: z.number(), failures: z.array(failure) })),
}
