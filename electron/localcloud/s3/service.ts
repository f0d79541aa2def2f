import type { ServerResponse } from 'node:http'
import { S3Error, type KmsPort, type VerifiedRequest } from '../request.ts'

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
export function createS3(options: S3Options): S3 {
  const serving = options.region !== ''
  return {
    handle: () => Promise.reject(new S3Error('NotImplemented', 501, `This is not implemented yet (${serving}).`)),
    close: () => undefined,
  }
}
