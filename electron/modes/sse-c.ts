import { CofferError } from '../base/errors.ts'
import type { Journey } from '../base/journey.ts'
import type { KeyRing } from '../keys/keyring.ts'
import { hasEnvelope } from './client-side.ts'
import { KEY_MARK, claimKey, customerKeyFields } from './customer-keys.ts'
import type { Mode, ObjectFacts, Recognition, StoredFacts } from './mode.ts'
import { refuseOptions } from './options.ts'
import { plainRead, plainWrite } from './plain.ts'
import { acknowledged, claimedWrite, returned, sent, type Fetched } from './server-side.ts'
import { foretold, reported, seen } from './steps.ts'

const ALGORITHM = 'AES256'

/**
 * S3 encrypts with a key that goes along with each request and that it does not keep. The clients refuse to send it over an
 * open wire (cloud/guard.ts).
 */
export const sseC: Mode = {
  id: 'sse-c',

  async prepareWrite({ keys }, { options }) {
    refuseOptions(options, 'sse-c', ['key'])
    const { id } = await claimKey(keys, options.key, 'sse-c')
    const customerKey = await customerKeyFields(keys, id)
    return plainWrite({
      mode: 'sse-c',
      keyId: id,
      encryption: customerKey,
      customerKey,
      tags: { [KEY_MARK]: id },
      journey: (stored) => writeJourney(id, stored),
    })
  },

  async resumeWrite(env, request, saved) {
    const plan = await sseC.prepareWrite(env, request)
    return plan.keyId === saved.keyId ? plan : null
  },

  recognise,

  outline: (facts) => foretold(readJourney(facts.customerKeyId, facts, {})),

  async prepareRead({ keys }, { facts, options }) {
    const recognition = recognise(facts)
    if (recognition === null) throw new CofferError('UNSUPPORTED', 'This object is not under SSE-C.')
    const named = facts.customerKeyId ?? options.key
    if (named === undefined) throw await noneOpens(keys)
    const { id } = await keys.find(named)
    const customerKey = await customerKeyFields(keys, id)
    const journey = (fetched: Fetched): Journey => readJourney(id, facts, fetched)
    return plainRead(facts, { ...recognition, keyId: id }, journey, customerKey)
  },
}

/** Names the keys that the server was not offered, for one of them may be the one. */
async function noneOpens(keys: KeyRing): Promise<CofferError> {
  const unsaid = (await keys.list()).filter(({ purpose }) => purpose === 'unknown')
  const [first] = unsaid
  if (first === undefined)
    return new CofferError('KEY_NOT_FOUND', 'No key for SSE-C on this computer opens the object.')
  const names = unsaid.map(({ name }) => name).join(', ')
  const message = `No key for SSE-C on this computer opens the object. Not offered to the server, for nothing says what they are for: ${names}.`
  return new CofferError('KEY_NOT_FOUND', message, {
    hint: `If one of them is for SSE-C, say so: coffer key purpose ${first.id.slice(0, 8)} sse-c.`,
  })
}

function recognise(facts: ObjectFacts): Recognition | null {
  if (!facts.needsCustomerKey && facts.customerKeyId === undefined) return null
  if (hasEnvelope(facts)) return null
  return {
    mode: 'sse-c',
    keyId: facts.customerKeyId,
    format: undefined,
    algorithm: 'AES-256, under a key sent with each request',
  }
}

function writeJourney(keyId: string, stored: StoredFacts): Journey {
  const algorithm = stored.customerAlgorithm
  const before = [
    seen('computer', 'send-customer-key', 'This computer sends your key to S3 with the request.', {
      algorithm: ALGORITHM,
      keyId,
    }),
    sent(stored),
  ]
  if (algorithm === undefined) return [...before, acknowledged(stored, 'S3 stores the object.'), wiped()]
  if (stored.isClaim === true) return [...before, ...claimedWrite(stored, true, { algorithm }), wiped()]
  return [
    ...before,
    reported('s3', 'encrypt', 'S3 encrypts the object with your key.', { algorithm }),
    acknowledged(stored, 'S3 stores the encrypted object, with a salted hash by which it will know the key again.'),
    reported('s3', 'forget', 'S3 removes your key from its memory.'),
    wiped(),
  ]
}

function readJourney(keyId: string | undefined, facts: ObjectFacts, fetched: Fetched): Journey {
  return [
    seen('computer', 'fetch', 'This computer asks S3 for the object.', { versionId: facts.versionId }),
    seen('computer', 'send-customer-key', 'This computer sends your key to S3 with the request.', {
      algorithm: ALGORITHM,
      keyId,
    }),
    ...serverSteps(facts),
    returned(facts, fetched),
    wiped(),
  ]
}

function serverSteps({ isClaim }: ObjectFacts): Journey {
  const facts = { algorithm: ALGORITHM }
  if (isClaim === true) {
    return [
      reported('s3', 'decrypt', 'S3 says that it decrypts the object with your key; nothing here proves it.', facts),
    ]
  }
  return [
    reported('s3', 'decrypt', 'S3 knows the key by its salted hash and decrypts the object with it.', facts),
    reported('s3', 'forget', 'S3 removes your key from its memory.'),
  ]
}

/** The ring wipes what it lent as soon as the request's fields are made. */
function wiped(): Journey[number] {
  return seen('computer', 'forget', 'This computer has wiped the copy of your key that the keychain lent it.')
}
