import * as z from 'zod'
import { activity } from './contract/activity.ts'
import { buckets } from './contract/buckets.ts'
import { inputWords } from './contract/input-words.ts'
import { keys } from './contract/keys.ts'
import { kms } from './contract/kms.ts'
import { local } from './contract/local.ts'
import { objects } from './contract/objects.ts'
import { places } from './contract/places.ts'
import { principals } from './contract/principals.ts'
import { questions } from './contract/questions.ts'
import { settings } from './contract/settings.ts'
import { transfers } from './contract/transfers.ts'

export type * from './contract/types.ts'

// Whoever checks an input by this contract says in these words what is wrong with it.
z.config({ customError: inputWords })

/**
 * Everything a host may ask of Coffer. Safe to bundle for a browser: schemas and types, no Node.
 *
 * Every input is checked by its schema, every output carries only what its schema names. A failure is a CofferError on
 * both sides of every boundary (see failures.ts). File contents do not pass through here: paths, events and facts do.
 */
export const contract = {
  places,
  buckets,
  objects,
  keys,
  kms,
  principals,
  local,
  activity,
  transfers,
  settings,
  questions,
}
