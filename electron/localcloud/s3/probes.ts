import { S3Error } from '../request.ts'
import { sendEmpty, sendXml } from './answers.ts'
import { aclNotSupported } from './attributes.ts'
import { bucketOf, OWNER_ID, OWNER_NAME, type Operation } from './context.ts'
import { invalidRequest } from './failures.ts'
import { readableObject } from './versions.ts'
import type { XmlElement } from './xml.ts'

/**
 * Answers to the sub-resources that clients look at as they go by: what S3 says of a bucket on which nobody ever set
 * them. Setting them is not implemented, and says so.
 */
export const BUCKET_PROBES: Record<string, Operation> = {
  'GET acl': showAcl(),
  'GET policy': absent('NoSuchBucketPolicy', 'The bucket policy does not exist'),
  'GET policyStatus': absent('NoSuchBucketPolicy', 'The bucket policy does not exist'),
  'GET tagging': absent('NoSuchTagSet', 'The TagSet does not exist'),
  'GET lifecycle': absent('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'),
  'GET cors': absent('NoSuchCORSConfiguration', 'The CORS configuration does not exist'),
  'GET website': absent('NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration'),
  'GET replication': absent('ReplicationConfigurationNotFoundError', 'The replication configuration was not found'),
  'GET object-lock': absent(
    'ObjectLockConfigurationNotFoundError',
    'Object Lock configuration does not exist for this bucket',
  ),
  'GET publicAccessBlock': shown('PublicAccessBlockConfiguration', [
    ['BlockPublicAcls', true],
    ['IgnorePublicAcls', true],
    ['BlockPublicPolicy', true],
    ['RestrictPublicBuckets', true],
  ]),
  'GET ownershipControls': shown('OwnershipControls', [['Rule', [['ObjectOwnership', 'BucketOwnerEnforced']]]]),
  'GET requestPayment': shown('RequestPaymentConfiguration', [['Payer', 'BucketOwner']]),
  'GET notification': shown('NotificationConfiguration', []),
  'GET logging': shown('BucketLoggingStatus', []),
  'GET accelerate': shown('AccelerateConfiguration', []),
  'PUT acl': refuseAcl(),
  'DELETE policy': nothingToRemove(),
  'DELETE tagging': nothingToRemove(),
  'DELETE lifecycle': nothingToRemove(),
  'DELETE cors': nothingToRemove(),
  'DELETE website': nothingToRemove(),
  'DELETE replication': nothingToRemove(),
}

/** The same for an object's. */
export const OBJECT_PROBES: Record<string, Operation> = {
  'GET acl': (context, request, response) => {
    readableObject(context, request, response, bucketOf(context, request))
    sendAcl(response)
  },
  'PUT acl': refuseAcl(),
  'GET retention': lockless(),
  'GET legal-hold': lockless(),
  'PUT retention': lockless(),
  'PUT legal-hold': lockless(),
}

function absent(code: string, message: string): Operation {
  return (context, request) => {
    throw new S3Error(code, 404, message, { BucketName: bucketOf(context, request).name })
  }
}

function shown(root: string, content: XmlElement[]): Operation {
  return (context, request, response) => {
    bucketOf(context, request)
    sendXml(response, root, content)
  }
}

function nothingToRemove(): Operation {
  return (context, request, response) => {
    bucketOf(context, request)
    sendEmpty(response, 204)
  }
}

function showAcl(): Operation {
  return (context, request, response) => {
    bucketOf(context, request)
    sendAcl(response)
  }
}

function refuseAcl(): Operation {
  return () => {
    throw aclNotSupported()
  }
}

function lockless(): Operation {
  return (context, request) => {
    bucketOf(context, request)
    throw invalidRequest('Bucket is missing Object Lock Configuration')
  }
}

/** Written by hand: the grantee's type is an attribute. */
function sendAcl(response: Parameters<Operation>[2]): void {
  const grantee =
    '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">' +
    `<ID>${OWNER_ID}</ID><DisplayName>${OWNER_NAME}</DisplayName></Grantee>`
  const body =
    '<?xml version="1.0" encoding="UTF-8"?>\n<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    `<Owner><ID>${OWNER_ID}</ID><DisplayName>${OWNER_NAME}</DisplayName></Owner>` +
    `<AccessControlList><Grant>${grantee}<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>`
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) }).end(body)
}
