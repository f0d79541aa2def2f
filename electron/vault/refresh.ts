import { isCofferError } from '../base/errors.ts'
import { firstObject, listObjects, listedObjects, type ObjectsPage, type ObjectsPlace } from '../cloud/list-objects.ts'
import { guardPages } from '../cloud/paging.ts'
import type { ListRequest } from './list.ts'
import type { Vault } from './vault.ts'

/** Running totals of a listing. */
export interface RefreshProgress {
  pages: number
  objects: number
  folders: number
  /** True once, at the end: what is shown now is all that there is. */
  done: boolean
}

/**
 * Lists a folder, or everything below it, into the catalog, page by page: each can be seen before the next one comes. What
 * S3 has no longer leaves the catalog only when the listing has come to its end. Throws LIST_INCOMPLETE and what `send`
 * throws; a bucket that is not there is forgotten.
 */
export async function* refresh(
  vault: Vault,
  request: ListRequest,
  signal: AbortSignal,
): AsyncGenerator<RefreshProgress, void, void> {
  const { listing } = vault.catalog
  const { bucket, prefix, recursive } = request
  const own = new AbortController()
  const stop = AbortSignal.any([signal, own.signal])
  const guard = guardPages(listedObjects(request))
  const ask = (from?: ObjectsPlace): Promise<ObjectsPage> => {
    const answer = listObjects(vault.s3, { bucket, prefix, recursive, from }, stop)
    // It is waited for later, or, if nobody wants to know any more, never.
    answer.catch(() => undefined)
    return answer
  }
  using run = listing.begin({ place: vault.place, bucket, prefix, recursive })
  const total = { pages: 0, objects: 0, folders: 0 }
  try {
    for (let asked: Promise<ObjectsPage> | undefined = ask(); asked !== undefined;) {
      const page: ObjectsPage = await asked
      guard({ next: page.next, first: firstObject(page) })
      // S3 is at the next page while this one is written down.
      asked = page.next === undefined ? undefined : ask(page.next)
      run.add(page)
      total.pages += 1
      total.objects += page.objects.length
      total.folders += page.folders.length
      if (asked !== undefined) yield { ...total, done: false }
    }
    run.end()
    yield { ...total, done: true }
  } catch (error) {
    if (isCofferError(error, 'BUCKET_NOT_FOUND')) listing.forgetBucket(vault.place, bucket)
    throw error
  } finally {
    own.abort()
  }
}
