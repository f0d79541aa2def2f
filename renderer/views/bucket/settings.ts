import { dialogs, type DialogProps } from '../../state/dialogs.svelte.ts'
import BucketDialog from './BucketDialog.svelte'

/** Shows what a bucket does by itself, and lets it be changed; resolves when that is closed. */
export async function openBucketSettings(place: string, bucket: string): Promise<void> {
  await dialogs.show<DialogProps & { place: string; bucket: string }>(BucketDialog, { place, bucket })
}
