import { S3Error } from '../request.ts'

const MOST_KEY_BYTES = 1024
const BUCKET_NAME = /^(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const IP_ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/
const RESERVED = /^(?:xn--|sthree-|amzn-s3-demo-)|(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/

/** Refuses a name that S3 gives to no bucket (user guide, "General purpose bucket naming rules"). Throws InvalidBucketName. */
export function checkBucketName(name: string): void {
  if (BUCKET_NAME.test(name) && !IP_ADDRESS.test(name) && !RESERVED.test(name)) return
  throw new S3Error('InvalidBucketName', 400, 'The specified bucket is not valid.', { BucketName: name })
}

/** Keys are any text of up to 1024 UTF-8 bytes. Throws KeyTooLongError. */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key)
  if (bytes <= MOST_KEY_BYTES) return
  throw new S3Error('KeyTooLongError', 400, 'Your key is too long', {
    Size: String(bytes),
    MaxSizeAllowed: String(MOST_KEY_BYTES),
  })
}
