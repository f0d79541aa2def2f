import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { KmsPort, VerifiedRequest } from '../request.ts'
import { createDataKeys } from '../sse/data-keys.ts'
import { openBlobs } from '../storage/blobs.ts'
import { openBuckets } from '../storage/buckets.ts'
import { openDatabase } from '../storage/database.ts'
import { openListing } from '../storage/listing.ts'
import { openPieces } from '../storage/pieces.ts'
import { openUploads } from '../storage/uploads.ts'
import { openVersions } from '../storage/versions.ts'
import { checkExpectedOwner } from './attributes.ts'
import type { Context } from './context.ts'
import { route } from './router.ts'

export interface S3Options {
  /** Folder of S3's state: the metadata database and the sealed objects. */
  dataDir: string
  region: string
  /** 32 bytes; wraps the data keys of SSE-S3. The caller keeps it until close() and zeroes it then. */
  s3MasterKey: Buffer
  kms: KmsPort
}

export interface S3 {
  /**
   * Performs the operation and writes the whole answer. Throws S3Error, KmsError or an unexpected error before the
   * response's headers are sent; once they are sent, a failure destroys the connection instead.
   */
  handle(request: VerifiedRequest, response: ServerResponse): Promise<void>
  close(): void
}

/** Opens S3's state in a folder, recovering from a crash, and serves requests on it. */
export function createS3({ dataDir, region, s3MasterKey, kms }: S3Options): S3 {
  const blobs = openBlobs(dataDir)
  const database = openDatabase(join(dataDir, 's3.db'))
  const pieces = openPieces(database)
  blobs.recover((blob) => pieces.isNamed(blob))
  const context: Context = {
    region,
    database,
    blobs,
    pieces,
    buckets: openBuckets(database),
    versions: openVersions(database),
    uploads: openUploads(database),
    listing: openListing(database),
    dataKeys: createDataKeys(s3MasterKey, kms),
  }
  return {
    handle: async (request, response) => {
      checkExpectedOwner(request)
      await route(request)(context, request, response)
    },
    close: () => database.close(),
  }
}
