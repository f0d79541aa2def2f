import { CofferError } from '../base/errors.ts'
import type { ModeChoice } from '../base/mode-names.ts'
import type { ModeOptions } from './mode.ts'

const WORDS: Record<keyof ModeOptions, string> = {
  key: 'a key',
  encryptionContext: 'an encryption context',
  bucketKey: 'a bucket key',
  dsse: 'two layers (dsse)',
  format: 'an envelope format',
  allowLegacy: 'legacy formats',
  acceptUnsealed: 'acceptance of an object that is encrypted no more',
}

/** Throws INVALID_INPUT for the first option of a write that this mode cannot honour. `false` and an empty context ask for nothing. */
export function refuseOptions(options: ModeOptions, mode: ModeChoice, honoured: (keyof ModeOptions)[]): void {
  for (const [name, word] of Object.entries(WORDS) as [keyof ModeOptions, string][]) {
    if (honoured.includes(name) || name === 'allowLegacy' || !asksFor(options[name])) continue
    throw new CofferError('INVALID_INPUT', `${mode} takes no choice of ${word}.`)
  }
}

function asksFor(value: ModeOptions[keyof ModeOptions]): boolean {
  return typeof value === 'object' ? Object.keys(value).length > 0 : value !== undefined && value !== false
}
