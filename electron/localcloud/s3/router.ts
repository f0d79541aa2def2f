import { S3Error, type VerifiedRequest } from '../request.ts'
import {
  deleteBucketEncryption,
  getBucketEncryption,
  getBucketVersioning,
  putBucketEncryption,
  putBucketVersioning,
} from './bucket-settings.ts'
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from './buckets.ts'
import { completeMultipartUpload } from './complete-upload.ts'
import type { Operation } from './context.ts'
import { copyObject } from './copy-object.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { notImplemented } from './failures.ts'
import { getObject, headObject } from './get-object.ts'
import { listObjectsV1, listObjectsV2 } from './list-objects.ts'
import { listMultipartUploads, listParts } from './list-uploads.ts'
import { listObjectVersions } from './list-versions.ts'
import { abortMultipartUpload, createMultipartUpload, uploadPart, uploadPartCopy } from './multipart.ts'
import { getObjectAttributes } from './object-attributes.ts'
import { BUCKET_PROBES, OBJECT_PROBES } from './probes.ts'
import { putObject } from './put-object.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './tagging.ts'
import { updateObjectEncryption } from './update-encryption.ts'

/** Operations by method and sub-resource: `GET`, `GET versioning`. */
type Routes = Readonly<Record<string, Operation>>

const BUCKET_ROUTES: Routes = {
  ...BUCKET_PROBES,
  PUT: createBucket,
  HEAD: headBucket,
  DELETE: deleteBucket,
  GET: listObjectsV1,
  'GET list-type': listObjectsV2,
  'GET versions': listObjectVersions,
  'GET uploads': listMultipartUploads,
  'GET location': getBucketLocation,
  'GET versioning': getBucketVersioning,
  'PUT versioning': putBucketVersioning,
  'GET encryption': getBucketEncryption,
  'PUT encryption': putBucketEncryption,
  'DELETE encryption': deleteBucketEncryption,
  'POST delete': deleteObjects,
}

const OBJECT_ROUTES: Routes = {
  ...OBJECT_PROBES,
  PUT: putObject,
  GET: getObject,
  HEAD: headObject,
  DELETE: deleteObject,
  'GET attributes': getObjectAttributes,
  'GET tagging': getObjectTagging,
  'PUT tagging': putObjectTagging,
  'DELETE tagging': deleteObjectTagging,
  'PUT encryption': updateObjectEncryption,
  'POST uploads': createMultipartUpload,
  'PUT uploadId': uploadPart,
  'POST uploadId': completeMultipartUpload,
  'DELETE uploadId': abortMultipartUpload,
  'GET uploadId': listParts,
}

/** Query parameters that name another resource than the bucket or object itself, served or not. */
const SUB_RESOURCES = [
  ...['abac', 'accelerate', 'acl', 'analytics', 'annotation', 'attributes', 'cors', 'delete', 'encryption'],
  ...['intelligent-tiering', 'inventory', 'legal-hold', 'lifecycle', 'location', 'logging', 'metadataConfiguration'],
  ...['metadataTable', 'metadataAnnotationTable', 'metadataInventoryTable', 'metadataJournalTable', 'metrics'],
  ...[
    'notification',
    'object-lock',
    'ownershipControls',
    'policy',
    'policyStatus',
    'publicAccessBlock',
    'renameObject',
  ],
  ...['replication', 'requestPayment', 'restore', 'retention', 'select', 'session', 'tagging', 'torrent', 'uploadId'],
  ...['uploads', 'versioning', 'versions', 'website', 'list-type'],
]

/** Finds the operation a request means. Throws NotImplemented, MethodNotAllowed. */
export function route(request: VerifiedRequest): Operation {
  const { method, bucket, key, query, headers } = request
  if (bucket === undefined) {
    if (method === 'GET') return listBuckets
    throw methodNotAllowed(method)
  }
  const routes = key === undefined ? BUCKET_ROUTES : OBJECT_ROUTES
  const subResource = SUB_RESOURCES.find((name) => query.has(name))
  const operation = routes[subResource === undefined ? method : `${method} ${subResource}`]
  if (!operation) {
    if (subResource === undefined) throw methodNotAllowed(method)
    throw notImplemented('A header or query you provided implies functionality that is not implemented.')
  }
  if (headers['x-amz-copy-source'] === undefined) return operation
  if (operation === putObject) return copyObject
  return operation === uploadPart ? uploadPartCopy : operation
}

function methodNotAllowed(method: string): S3Error {
  return new S3Error('MethodNotAllowed', 405, 'The specified method is not allowed against this resource.', {
    Method: method,
  })
}
