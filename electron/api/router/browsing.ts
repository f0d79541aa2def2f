import { isCofferError } from '../../base/errors.ts'
import { details } from '../../vault/details.ts'
import { preview } from '../../vault/preview.ts'
import { refresh } from '../../vault/refresh.ts'
import { removedIn } from '../../vault/removed.ts'
import { undeleteFolder } from '../../vault/undelete-folder.ts'
import { undeleteObject } from '../../vault/undelete-object.ts'
import { removeVersion, versionsOf } from '../../vault/versions.ts'
import { procedures, signalOf } from './base.ts'
import { recorded, recordedSteps } from './recorded.ts'

const { objects } = procedures

export const browsingRouter = {
  page: objects.page.handler(async ({ input, context: { coffer } }) => {
    return coffer.catalog.listing.page({ ...input, place: await coffer.placeId(input.place) })
  }),

  refresh: objects.refresh.handler(async function* ({ input, context, signal }) {
    using vault = await context.coffer.openVault(input.place)
    yield* refresh(vault, input, signalOf(signal))
  }),

  search: objects.search.handler(async ({ input, context: { coffer }, signal }) => {
    const place = await coffer.placeId(input.place)
    return await coffer.catalog.listing.search({ ...input, place }, signalOf(signal))
  }),

  details: objects.details.handler(async ({ input, context, signal }) => {
    using vault = await context.coffer.openVault(input.place)
    return await details(vault, input, signalOf(signal))
  }),

  versions: objects.versions.handler(async ({ input, context, signal }) => {
    using vault = await context.coffer.openVault(input.place)
    return await versionsOf(vault, input, signalOf(signal))
  }),

  removed: objects.removed.handler(async function* ({ input, context, signal }) {
    using vault = await context.coffer.openVault(input.place)
    yield* removedIn(vault, input, signalOf(signal))
  }),

  undelete: objects.undelete.handler(async ({ input, context: { coffer }, signal }) => {
    using vault = await coffer.openVault(input.place)
    const { bucket, key } = input
    return await recorded(coffer, { what: 'restore', place: vault.place, bucket, key }, async () => ({
      there: await undeleteObject(vault, input, signalOf(signal)),
    }))
  }),

  undeleteFolder: objects.undeleteFolder.handler(async function* ({ input, context: { coffer }, signal }) {
    using vault = await coffer.openVault(input.place)
    const { bucket, prefix } = input
    const what = { what: 'restore' as const, place: vault.place, bucket, key: prefix || undefined }
    yield* recordedSteps(coffer, what, undeleteFolder(vault, input, signalOf(signal)))
  }),

  removeVersion: objects.removeVersion.handler(async ({ input, context: { coffer }, signal }) => {
    using vault = await coffer.openVault(input.place)
    const { bucket, key } = input
    return await recorded(coffer, { what: 'remove', place: vault.place, bucket, key }, async () => ({
      there: await removeVersion(vault, input, signalOf(signal)),
    }))
  }),

  preview: objects.preview.handler(async ({ input, context: { coffer }, signal }) => {
    using vault = await coffer.openVault(input.place)
    const { bucket, key } = input
    const { bytes, ...told } = await recorded(
      coffer,
      { what: 'preview', place: vault.place, bucket, key },
      () => preview(vault, input, signalOf(signal)),
      // A kind of file that has no preview: nothing went wrong.
      (error) => !isCofferError(error, 'UNSUPPORTED'),
    )
    return { ...told, content: new Blob([new Uint8Array(bytes)], { type: told.mediaType }) }
  }),

  lastRead: objects.lastRead.handler(async ({ input, context: { coffer } }) => {
    return coffer.lastReads.of({ ...input, place: await coffer.placeId(input.place) })
  }),
}
