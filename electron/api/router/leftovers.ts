import { CofferError } from '../../base/errors.ts'
import { cleanUp } from '../../vault/leftovers.ts'
import type { Coffer } from '../context.ts'
import type { Failure } from '../contract/common.ts'
import { toFailure } from './own-failures.ts'

/** Something that an interrupted transfer left; see contract/transfers.ts. */
interface Leftover {
  id: string
  kind: 'upload' | 'download'
  place: string
  bucket: string
  key: string
  path: string | undefined
  bytes: number
  startedAt: Date
}

/** What is left at the stored places and on the disks here, but for what an open run will go on with. */
export async function listLeftovers({ places, uploads, downloads, transfers }: Coffer): Promise<Leftover[]> {
  const stored = await places.list()
  const sent = stored
    .flatMap(({ id }) => uploads.left(id))
    .filter(({ bucket, key }) => !transfers.isExpected({ bucket, key, path: '' }))
    .map(({ id, place, bucket, key, path, acknowledged, createdAt }) => ({
      ...{ id: `upload:${id}`, kind: 'upload' as const },
      ...{ place, bucket, key, path, bytes: acknowledged, startedAt: createdAt },
    }))
  const brought = downloads
    .strays()
    .filter(({ path }) => !transfers.isExpected({ bucket: '', key: '', path }))
    .map(({ path, place, bucket, key, done, at }) => ({
      ...{ id: `download:${path}`, kind: 'download' as const },
      ...{ place, bucket, key, path, bytes: done, startedAt: new Date(at) },
    }))
  return [...sent, ...brought]
}

/** Removes those that are named, or all. What cannot be removed stays listed. */
export async function removeLeftovers(
  coffer: Coffer,
  ids: string[] | undefined,
): Promise<{ removed: number; failures: Failure[] }> {
  const listed = await listLeftovers(coffer)
  const failures: Failure[] = []
  let removed = 0
  for (const left of listed.filter(({ id }) => ids === undefined || ids.includes(id))) {
    try {
      await removeOne(coffer, left)
      removed += 1
    } catch (error) {
      failures.push(toFailure(error))
    }
  }
  return { removed, failures }
}

async function removeOne(coffer: Coffer, { kind, id, place, bucket, key, path }: Leftover): Promise<void> {
  if (kind === 'download') {
    coffer.downloads.giveUp(path ?? '')
    return
  }
  using vault = await coffer.openVault(place)
  if (await cleanUp(vault, Number(id.slice('upload:'.length)))) return
  throw new CofferError('SERVER', `What was sent of s3://${bucket}/${key} could not be removed.`, {
    hint: 'It stays listed: try again when the server can be reached.',
  })
}
