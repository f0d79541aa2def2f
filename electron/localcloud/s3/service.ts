import type { ServerResponse } from 'node:http'
import type { KmsPort, VerifiedRequest } from '../request.ts'
import { createDataKeys } from '../sse/data-keys.ts'
import type { Storage } from '../storage/storage.ts'
import { openListing } from '../storage/listing.ts'
import { openUploads } from '../storage/uploads.ts'
import { checkExpectedOwner } from './attributes.ts'
import type { Context } from './context.ts'
import { route } from './router.ts'
import { storageFailure } from './storage-failure.ts'

export interface S3Options {
  storage: Storage
  region: string
  /** 32 bytes; wraps the data keys of SSE-S3. The caller keeps it and zeroes it at the end. */
  s3MasterKey: Buffer
  kms: KmsPort
}

export interface S3 {
  /**
   * Performs the operation and writes the whole answer. Throws S3Error, KmsError or an unexpected error before the
   * response's headers are sent; once they are sent, a failure destroys the connection instead.
   */
  handle(request: VerifiedRequest, response: ServerResponse): Promise<void>
}

/** Serves S3's requests on a storage. */
export function createS3({ storage, region, s3MasterKey, kms }: S3Options): S3 {
  const { database } = storage
  const context: Context = {
    ...storage,
    region,
    uploads: openUploads(database),
    listing: openListing(database),
    dataKeys: createDataKeys(s3MasterKey, kms),
  }
  return {
    handle: async (request, response) => {
      checkExpectedOwner(request)
      try {
        await route(request)(context, request, response)
      } catch (error) {
        throw storageFailure(error, storage, request.contentLength)
      }
    },
  }
}
