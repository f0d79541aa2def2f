import { CofferError } from '../base/errors.ts'
import { hasEnvelope } from './client-side.ts'
import type { Mode, ObjectFacts, Recognition } from './mode.ts'
import { refuseOptions } from './options.ts'
import { plainRead, plainWrite, settled } from './plain.ts'
import { S3_MANAGED, serverRead, serverWrite } from './server-side.ts'
import { foretold } from './steps.ts'

/** S3 makes, wraps and keeps the keys; nothing is asked of this computer but to send the file. */
export const sseS3: Mode = {
  id: 'sse-s3',

  prepareWrite: (_, { options }) =>
    settled(() => {
      refuseOptions(options, 'sse-s3', [])
      return plainWrite({
        mode: 'sse-s3',
        keyId: undefined,
        encryption: { ServerSideEncryption: S3_MANAGED },
        journey: (stored) => serverWrite(stored, { algorithm: S3_MANAGED }),
      })
    }),

  resumeWrite: (env, request) => sseS3.prepareWrite(env, request),

  recognise,

  outline: (facts) => foretold(serverRead(facts, {})),

  prepareRead: (_, { facts }) =>
    settled(() => {
      const recognition = recognise(facts)
      if (recognition === null) throw new CofferError('UNSUPPORTED', 'This object is not under SSE-S3.')
      return plainRead(facts, recognition, (fetched) => serverRead(facts, fetched))
    }),
}

function recognise(facts: ObjectFacts): Recognition | null {
  if (facts.serverSideEncryption !== S3_MANAGED || hasEnvelope(facts)) return null
  return { mode: 'sse-s3', keyId: undefined, format: undefined, algorithm: "AES-256, under S3's own key" }
}
