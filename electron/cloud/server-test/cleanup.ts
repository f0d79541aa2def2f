import { AbortMultipartUploadCommand, DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { isCofferError } from '../../base/errors.ts'
import { allObjects } from '../list-objects.ts'
import { allVersions } from '../list-versions.ts'
import { send } from '../send.ts'
import { NAMES_FOLDER, SCRATCH_PREFIX, type Scratch } from './scratch.ts'

/** A folder of a test that another process has not removed is removed once it is this old, in milliseconds. */
const ABANDONED = 60 * 60 * 1_000

/**
 * Removes what a test has written, every version of it and what is left of older tests that were cut off. Returns the keys
 * that may still be there.
 */
export async function removeScratch(scratch: Scratch): Promise<string[]> {
  const { s3, bucket, keys, uploads, signal } = scratch
  for (const [UploadId, Key] of uploads) {
    await attempt(send(s3, new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }), signal))
  }
  await removeVersions(scratch)
  // Not every server lists a name as it is, or may be asked to list; then what was written is what is there.
  const listed = await listScratch(scratch)
  await each([...new Set([...(listed ?? keys), ...unusualOf(scratch)])], async (Key) => {
    if (await exists(scratch, Key)) await attempt(send(s3, new DeleteObjectCommand({ Bucket: bucket, Key }), signal))
  })
  const left = new Set(listed === null || listed.length > 0 ? await listScratch(scratch) : [])
  for (const key of listed === null ? keys : unusualOf(scratch)) if (await exists(scratch, key)) left.add(key)
  return [...left]
}

/** A server that lists no versions has none to be removed. */
async function removeVersions({ s3, bucket, folder, signal }: Scratch): Promise<void> {
  const found = new Map<string, string[]>()
  await attempt(
    (async () => {
      for await (const { lines } of allVersions(s3, { bucket, prefix: SCRATCH_PREFIX }, signal)) {
        for (const { key, id, lastModified } of lines) {
          if (isOurs(key, folder, lastModified.getTime())) found.set(key, [...(found.get(key) ?? []), id])
        }
      }
    })(),
  )
  // Those of one key come one after the other: versitygw 1.8 brings one back whose neighbour goes at the same time.
  await each([...found], async ([Key, ids]) => {
    for (const VersionId of ids) {
      await attempt(send(s3, new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }), signal))
    }
  })
}

/** How many requests are under way at once. */
const CONCURRENCY = 6

async function each<T>(all: T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const lane = async (first: number): Promise<void> => {
    for (let index = first; index < all.length; index += CONCURRENCY) await work(all[index] as T)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, (_, first) => lane(first)))
}

/** Null if the server does not list. */
async function listScratch({ s3, bucket, folder, signal }: Scratch): Promise<string[] | null> {
  const found: string[] = []
  const done = await attempt(
    (async () => {
      for await (const { objects } of allObjects(s3, { bucket, prefix: SCRATCH_PREFIX, recursive: true }, signal)) {
        for (const { key, modified } of objects) if (isOurs(key, folder, modified)) found.push(key)
      }
    })(),
  )
  return done ? found : null
}

function isOurs(key: string, folder: string, modified: number): boolean {
  if (key.startsWith(folder)) return true
  return /^\.coffer-test-[0-9a-f]{16}\//.test(key) && modified > 0 && modified < Date.now() - ABANDONED
}

function unusualOf({ folder, keys }: Scratch): string[] {
  return [...keys].filter((key) => key.startsWith(`${folder}${NAMES_FOLDER}`))
}

/** Where versions are kept, nothing is deleted that is gone: that would leave a marker. */
async function exists({ s3, bucket, signal }: Scratch, key: string): Promise<boolean> {
  const look = send(s3, new HeadObjectCommand({ Bucket: bucket, Key: key }), signal)
  return look.then(
    () => true,
    (error: unknown) => isCofferError(error, 'CUSTOMER_KEY_NEEDED'),
  )
}

/** True if it was done. One thing that cannot be removed keeps none of the others. */
async function attempt(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (!isCofferError(error) || error.code === 'CANCELLED') throw error
    return false
  }
}
