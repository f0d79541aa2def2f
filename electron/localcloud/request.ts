import type { IncomingHttpHeaders } from 'node:http'

/** Who signed a request. The owner may do everything; others what key policies allow. */
export interface Principal {
  /** `arn:aws:iam::000000000000:root` for the owner, `arn:aws:iam::000000000000:user/NAME` for the others. */
  arn: string
  isOwner: boolean
}

/** A request whose signature has been verified, with its body decoded. */
export interface VerifiedRequest {
  principal: Principal
  requestId: string
  method: string
  /** Undefined for service calls (ListBuckets). */
  bucket: string | undefined
  /** Undefined for bucket calls. Decoded once, exactly as the client meant it. */
  key: string | undefined
  query: URLSearchParams
  headers: IncomingHttpHeaders
  /**
   * The payload, with aws-chunked framing taken off. Iterating throws an S3Error at the latest at the end if the payload
   * hash, a chunk signature, Content-MD5, a checksum (header or trailer) or the length does not match; so nothing may be
   * committed before iteration has ended well.
   */
  body: AsyncIterable<Buffer>
  /** Length of the decoded payload (`x-amz-decoded-content-length` or Content-Length). */
  contentLength: number | undefined
  /** The checksum the client claimed, verified; meaningful once `body` has been read to its end. */
  checksum(): Checksum | undefined
}

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256'

export interface Checksum {
  algorithm: ChecksumAlgorithm
  /** Base64 of the big-endian digest, as in `x-amz-checksum-*`. */
  value: string
}

/** An error in S3's own words; becomes S3's XML. */
export class S3Error extends Error {
  readonly code: string
  readonly status: number
  /** Further XML elements, such as BucketName. */
  readonly fields: Record<string, string>

  constructor(code: string, status: number, message: string, fields: Record<string, string> = {}) {
    super(message)
    this.name = code
    this.code = code
    this.status = status
    this.fields = fields
  }
}

/** What S3 asks of KMS, as itself on behalf of the request's principal. Throws KmsError, which S3 hands on in its own XML. */
export interface KmsPort {
  /** `keyId` undefined: the managed key `alias/aws/s3`, made at its first use. Plaintext is the caller's to zero. */
  generateDataKey(
    principal: Principal,
    keyId: string | undefined,
    encryptionContext: Record<string, string>,
  ): { keyArn: string; plaintext: Buffer; ciphertextBlob: Buffer }
  decrypt(
    principal: Principal,
    ciphertextBlob: Buffer,
    encryptionContext: Record<string, string>,
  ): { keyArn: string; plaintext: Buffer }
  /** The ARN a key id, alias name or ARN stands for. */
  resolve(keyId: string): string
}

/** An error in KMS's own words (`DisabledException`); S3 shows it as `KMS.DisabledException`, status 400, as AWS does. */
export class KmsError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.name = code
    this.code = code
    this.status = status
  }
}
