import type { WritePlan, WriteRequest } from './mode.ts'
import { refuseOptions } from './options.ts'
import { plainWrite } from './plain.ts'
import { serverWrite } from './server-side.ts'

/** Asks for nothing, so the bucket's own rule holds; the journey tells what S3 reports that it did. */
export function prepareBucketDefault({ options }: WriteRequest): WritePlan {
  refuseOptions(options, 'bucket-default', [])
  return plainWrite({ mode: 'bucket-default', keyId: undefined, journey: (stored) => serverWrite(stored) })
}
