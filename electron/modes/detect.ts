import { CofferError } from '../base/errors.ts'
import type { Journey } from '../base/journey.ts'
import { isClientSide } from '../base/mode-names.ts'
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

/** Prepares the read of an object in the mode it says it is in, or as plain bytes if it is in none. Throws NOT_SEALED. */
export async function prepareRead(env: ModeEnv, request: ReadRequest): Promise<ReadPlan> {
  const { facts } = request
  const { mode, recognition } = recognise(facts)
  refuseNeedless(request, recognition)
  if (mode !== null) return mode.prepareRead(env, request)
  return plainRead(facts, recognition, (fetched) => serverRead(facts, fetched))
}

/**
 * Who names a key or a context, or allows an old format, expects an object that is sealed so. What S3 decrypts by itself
 * proves none of it, and may have been put in the place of what was sealed.
 */
function refuseNeedless({ options }: ReadRequest, { mode }: Recognition): void {
  const needless = [
    [options.key !== undefined && !isClientSide(mode) && mode !== 'sse-c', 'a key'],
    [Object.keys(options.encryptionContext ?? {}).length > 0 && mode !== 'cse-kms', 'an encryption context'],
    [options.allowLegacy === true && !isClientSide(mode), 'an old format'],
  ] as const
  const [, what] = needless.find(([is]) => is) ?? []
  if (what === undefined || options.acceptUnsealed === true) return
  throw new CofferError('NOT_SEALED', `The object needs none of it, and you named ${what}.`, {
    hint: `If it should be sealed, do not trust it. Else read it without naming ${what}.`,
  })
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
