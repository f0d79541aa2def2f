import { CofferError } from '../base/errors.ts'
import { MODE_IDS, type ModeChoice } from '../base/mode-names.ts'
import type { Settings as AllSettings } from '../store/settings.ts'

/** The mode that goes without saying in a bucket, and its key. */
export interface UsualMode {
  mode: ModeChoice
  keyId?: string | undefined
}

type Settings = Pick<AllSettings, 'get' | 'set' | 'setOnce'>

/** Null if the bucket has none yet. */
export function usualMode(settings: Settings, place: string, bucket: string): UsualMode | null {
  return settings.get(settingName(place, bucket), readUsual)
}

export function setUsualMode(settings: Settings, place: string, bucket: string, usual: UsualMode): void {
  settings.set(settingName(place, bucket), usual)
}

/** The first mode that is chosen for a bucket becomes its usual one. */
export function rememberFirstMode(settings: Settings, place: string, bucket: string, usual: UsualMode): void {
  // To look costs nothing; to write, each of thousands of files would wait for the disk.
  if (usualMode(settings, place, bucket) === null) settings.setOnce(settingName(place, bucket), usual)
}

/** Throws INVALID_INPUT if the bucket has no usual mode. */
export function requireUsualMode(settings: Settings, place: string, bucket: string): UsualMode {
  const usual = usualMode(settings, place, bucket)
  if (usual !== null) return usual
  throw new CofferError('INVALID_INPUT', `No mode is named, and the bucket ${bucket} has no usual one yet.`, {
    hint: 'Name one with --mode: sse-s3, sse-kms, sse-c, cse-kms, cse-c or bucket-default (coffer put --help tells them apart).',
  })
}

function settingName(place: string, bucket: string): string {
  return `usual-mode/${place}/${bucket}`
}

const CHOICES: readonly unknown[] = [...MODE_IDS, 'bucket-default']

function readUsual(value: unknown): UsualMode {
  const { mode, keyId } = value as Partial<UsualMode>
  if (!CHOICES.includes(mode) || (keyId !== undefined && typeof keyId !== 'string')) {
    throw new TypeError('A setting that should be a mode is not.')
  }
  return { mode: mode as ModeChoice, keyId }
}
