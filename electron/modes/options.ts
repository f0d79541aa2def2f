import { CofferError } from '../base/errors.ts'
import type { ModeChoice } from '../base/mode-names.ts'
import type { ModeOptions } from './mode.ts'

/** What a person may ask of a write; the other options are about reading. */
type WriteOption = Exclude<
  keyof ModeOptions,
  'allowLegacy' | 'acceptUnsealed' | 'instructionSuffix' | 'allowUnencrypted'
>

const WORDS: Record<WriteOption, string> = {
  key: 'a key',
  encryptionContext: 'an encryption context',
  bucketKey: 'a bucket key',
  dsse: 'two layers (dsse)',
  format: 'an envelope format',
  envelope: 'a place for the envelope',
  outerLayer: 'a second layer, of S3’s own encryption',
}

/** Throws INVALID_INPUT for the first option of a write that this mode cannot honour. `false` and an empty context ask for nothing. */
export function refuseOptions(options: ModeOptions, mode: ModeChoice, honoured: WriteOption[]): void {
  for (const [name, word] of Object.entries(WORDS) as [WriteOption, string][]) {
    if (honoured.includes(name) || !asksFor(options[name])) continue
    throw new CofferError('INVALID_INPUT', `${mode} takes no choice of ${word}.`)
  }
}

function asksFor(value: ModeOptions[WriteOption]): boolean {
  return typeof value === 'object' ? Object.keys(value).length > 0 : value !== undefined && value !== false
}
