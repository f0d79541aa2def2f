import type { Journey } from '../base/journey.ts'
import type { Mode, ModeEnv, ObjectFacts, ReadPlan, ReadRequest, Recognition } from './mode.ts'
import { plainRead } from './plain.ts'
import { MODES } from './registry.ts'
import { serverRead } from './server-side.ts'
import { foretold } from './steps.ts'

/** Who an object says it is. Throws ENVELOPE_INVALID if its client-side envelope is broken. */
export function detect(facts: ObjectFacts): Recognition {
  return recognise(facts).recognition
}

/** How an object's key will be reached on a read. Throws ENVELOPE_INVALID. */
export function outline(facts: ObjectFacts): Journey {
  const { mode } = recognise(facts)
  return mode === null ? foretold(serverRead(facts, {})) : mode.outline(facts)
}

/** Prepares the read of an object in the mode it says it is in, or as plain bytes if it is in none. */
export async function prepareRead(env: ModeEnv, request: ReadRequest): Promise<ReadPlan> {
  const { facts } = request
  const { mode, recognition } = recognise(facts)
  if (mode !== null) return mode.prepareRead(env, request)
  return plainRead(facts, recognition, (fetched) => serverRead(facts, fetched))
}

function recognise(facts: ObjectFacts): { mode: Mode | null; recognition: Recognition } {
  for (const mode of MODES) {
    const recognition = mode.recognise(facts)
    if (recognition !== null) return { mode, recognition }
  }
  return { mode: null, recognition: unrecognised(facts) }
}

function unrecognised({ serverSideEncryption, kmsKeyId }: ObjectFacts): Recognition {
  const none = serverSideEncryption === undefined
  return {
    mode: none ? 'none' : 'unknown',
    keyId: kmsKeyId,
    format: undefined,
    algorithm: none ? 'S3 reports no encryption' : `S3 reports ${serverSideEncryption}`,
  }
}
