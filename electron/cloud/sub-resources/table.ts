import {
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectAclCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  ListObjectAnnotationsCommand,
} from '@aws-sdk/client-s3'
import type { ServerCheck } from '../../base/server-checks.ts'

/** The object or bucket whose sub-resource is read. */
export interface Target {
  Bucket: string
  /** Of an object; '' for the bucket itself. */
  Key: string
}

export type SubResourceCheck = Extract<ServerCheck, `sub-resource.${string}`>

/** A sub-resource of S3: what stands in a request's query and makes another operation of a plain PUT, GET or DELETE. */
export interface SubResource {
  check: SubResourceCheck
  level: 'object' | 'bucket'
  /** Its name in the query. */
  query: string
  /** The request that reads it. */
  read: (target: Target) => ReadCommand
  /** What the name of its answer's root element holds (servers differ in the rest); null: the answer is JSON. */
  root: RegExp | null
  /** Codes by which a server says that there is none. */
  absent: readonly string[]
}

export type ReadCommand =
  | GetObjectTaggingCommand
  | GetObjectRetentionCommand
  | GetObjectLegalHoldCommand
  | GetObjectAclCommand
  | ListObjectAnnotationsCommand
  | GetBucketEncryptionCommand
  | GetBucketVersioningCommand
  | GetObjectLockConfigurationCommand
  | GetBucketLifecycleConfigurationCommand
  | GetBucketCorsCommand
  | GetBucketPolicyCommand
  | GetBucketTaggingCommand

/** Codes of an object or bucket without Object Lock (Amazon S3 User Guide, "Locking objects with Object Lock"). */
const NO_LOCK = ['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError', 'InvalidRequest']

/** Names, answers and codes: Amazon S3 API reference, the operation that reads each. */
export const SUB_RESOURCES: readonly SubResource[] = [
  object('sub-resource.tagging', 'tagging', /Tagging/, ['NoSuchTagSet'], (at) => new GetObjectTaggingCommand(at)),
  object('sub-resource.retention', 'retention', /Retention/, NO_LOCK, (at) => new GetObjectRetentionCommand(at)),
  object('sub-resource.legal-hold', 'legal-hold', /LegalHold/, NO_LOCK, (at) => new GetObjectLegalHoldCommand(at)),
  object('sub-resource.acl', 'acl', /AccessControl/, [], (at) => new GetObjectAclCommand(at)),
  object('sub-resource.annotation', 'annotation', /Annotation/, [], (at) => new ListObjectAnnotationsCommand(at)),
  bucket(
    'sub-resource.encryption',
    'encryption',
    /Encryption/,
    ['ServerSideEncryptionConfigurationNotFoundError'],
    (at) => new GetBucketEncryptionCommand(at),
  ),
  bucket('sub-resource.versioning', 'versioning', /Versioning/, [], (at) => {
    return new GetBucketVersioningCommand(at)
  }),
  bucket('sub-resource.object-lock', 'object-lock', /ObjectLock/, NO_LOCK, (at) => {
    return new GetObjectLockConfigurationCommand(at)
  }),
  bucket('sub-resource.lifecycle', 'lifecycle', /Lifecycle/, ['NoSuchLifecycleConfiguration'], (at) => {
    return new GetBucketLifecycleConfigurationCommand(at)
  }),
  bucket('sub-resource.cors', 'cors', /CORS/, ['NoSuchCORSConfiguration'], (at) => {
    return new GetBucketCorsCommand(at)
  }),
  bucket('sub-resource.policy', 'policy', null, ['NoSuchBucketPolicy'], (at) => new GetBucketPolicyCommand(at)),
  bucket('sub-resource.bucket-tagging', 'tagging', /Tagging/, ['NoSuchTagSet'], (at) => {
    return new GetBucketTaggingCommand(at)
  }),
]

type Rest = [query: string, root: RegExp | null, absent: readonly string[], read: SubResource['read']]

function object(check: SubResourceCheck, ...[query, root, absent, read]: Rest): SubResource {
  return { check, level: 'object', query, root, absent, read }
}

function bucket(check: SubResourceCheck, ...[query, root, absent, read]: Rest): SubResource {
  return { check, level: 'bucket', query, root, absent, read: ({ Bucket }) => read({ Bucket, Key: '' }) }
}

/** Null for a sub-resource that Coffer has no way to read. */
export function subResource(level: SubResource['level'], query: string): SubResource | null {
  return SUB_RESOURCES.find((each) => each.level === level && each.query === query) ?? null
}
