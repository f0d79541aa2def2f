import type { KMSClient } from '@aws-sdk/client-kms'
import type { S3Client } from '@aws-sdk/client-s3'
import type { AwsSettings, Sources } from './aws-settings/settings.ts'

/** Where credentials come from. `keys` hold a secret: they rest in the keychain and pass through here only. */
export type CredentialSource =
  | { kind: 'default' }
  | { kind: 'profile'; profile: string }
  /** AWS_ACCESS_KEY_ID and its like, whatever AWS_PROFILE says. */
  | { kind: 'environment' }
  | { kind: 'keys'; accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined }

/** How to reach one S3 and its KMS. */
export interface Connection {
  /** Undefined: Amazon S3 itself. */
  endpoint: string | undefined
  /** Undefined: Amazon KMS, or where `endpoint` points on This computer. */
  kmsEndpoint: string | undefined
  region: string
  /** Compatible servers and This computer: `https://host/bucket` instead of `https://bucket.host`. */
  pathStyle: boolean
  /** PEM file with the private CA that signed the endpoint's certificate. */
  caBundle: string | undefined
  /** `when-supported` on AWS and This computer; `when-required` elsewhere (older servers refuse the newer checksums). */
  checksums: 'when-supported' | 'when-required'
  credentials: CredentialSource
  /** Each request says that the person pays for it, as Requester Pays buckets want it. */
  requestPayer?: 'requester' | undefined
  /** The account, of 12 digits, that a bucket has to belong to: S3 refuses what is asked of another one's. */
  expectedBucketOwner?: string | undefined
  /** The proxy that requests go by; '' for none. Undefined: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. */
  proxy?: string | undefined
  /** What else the AWS settings say. Undefined: nobody has read them, and the SDK reads those of AWS_PROFILE. */
  settings?: AwsSettings | undefined
  /** Where those settings were read. */
  sources?: Sources | undefined
  /**
   * The secret that the server must prove to know, on every connection, before anything is sent: the owner's, for This
   * computer. Undefined: TLS or the person vouches for the server.
   */
  provenBy?: string | undefined
  /**
   * Milliseconds without a byte in either direction after which a connection is taken for dead, and what was under way on
   * it is sent again on another. Undefined: 60,000.
   */
  patience?: number | undefined
}

/** Both clients over one pool of kept-alive connections. `close` ends the pool. */
export interface Clients {
  s3: S3Client
  kms: KMSClient
  close(): void
}
