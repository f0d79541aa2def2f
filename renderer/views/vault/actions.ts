import type { ListedEntry } from '../../../electron/api/contract.ts'
import { attempt, coffer } from '../../state/coffer.ts'
import { dialogs, type DialogProps } from '../../state/dialogs.svelte.ts'
import type { FolderView } from '../../state/folder.svelte.ts'
import { navigation } from '../../state/navigation.svelte.ts'
import PreviewDialog from './PreviewDialog.svelte'
import RemoveDialog from './RemoveDialog.svelte'
import VerifyDialog from './VerifyDialog.svelte'

/** What a person has chosen, and where it is. */
export interface Chosen {
  place: string
  bucket: string
  entries: ListedEntry[]
}

/** A folder is opened, a file is looked at. */
export function open(view: FolderView, entry: ListedEntry): void {
  if (entry.kind === 'folder') navigation.openFolder(view.place, view.bucket, entry.key)
  else openPreview(view.place, view.bucket, entry)
}

export function openPreview(place: string, bucket: string, entry: ListedEntry, versionId?: string): void {
  void dialogs.show<DialogProps & Chosen & { versionId: string | undefined }>(PreviewDialog, {
    place,
    bucket,
    entries: [entry],
    versionId,
  })
}

/** Decrypts into a file or a folder of the person's choice. */
export async function save({ place, bucket, entries }: Chosen, versionId?: string): Promise<void> {
  const [first] = entries
  if (first === undefined) return
  const single = entries.length === 1 && first.kind === 'object'
  await attempt(async () => {
    const name = first.key.split('/').at(-1) ?? first.key
    const to = single ? await coffer.host.savePath(name) : await coffer.host.saveFolder()
    if (to === null) return
    await coffer.client.transfers.get({
      place,
      bucket,
      keys: entries.map(({ key }) => key),
      to,
      ...(versionId === undefined ? {} : { versionId }),
      overwrite: 'ask',
    })
  })
}

export async function verify(chosen: Chosen): Promise<void> {
  await dialogs.show<DialogProps & Chosen>(VerifyDialog, chosen)
}

/** Asks first, and says what stays if the bucket keeps versions. */
export async function remove(chosen: Chosen, onremoved: () => Promise<void> | void): Promise<void> {
  const sure = await dialogs.show<DialogProps<true> & Chosen>(RemoveDialog, chosen)
  if (sure === true) await onremoved()
}
