import type { ActivityEntry } from '../../electron/api/contract.ts'

const DONE: Record<ActivityEntry['what'], string> = {
  put: 'Sealed',
  get: 'Saved',
  verify: 'Verified',
  rekey: 'Changed the mode of',
  remove: 'Removed',
  key: 'Changed a key of yours',
  kms: 'Changed a KMS key',
  bucket: 'Changed the settings of',
  place: 'Changed a place',
}

const FAILED: Record<ActivityEntry['what'], string> = {
  put: 'Could not seal',
  get: 'Could not save',
  verify: 'Could not verify',
  rekey: 'Could not change the mode of',
  remove: 'Could not remove',
  key: 'Could not change a key of yours',
  kms: 'Could not change a KMS key',
  bucket: 'Could not change the settings of',
  place: 'Could not change a place',
}

/** What was done, up to the object's name. */
export function activityText({ what, outcome }: ActivityEntry): string {
  return outcome === 'done' ? DONE[what] : FAILED[what]
}
