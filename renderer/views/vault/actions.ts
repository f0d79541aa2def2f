import type { ListedEntry } from '../../../electron/api/contract.ts'
import { attempt, coffer } from '../../state/coffer.ts'
import { dialogs, type DialogProps } from '../../state/dialogs.svelte.ts'
import type { FolderView } from '../../state/folder.svelte.ts'
import type { MenuItem } from '../../ui/menu.ts'
import { keysText } from '../../state/commands.svelte.ts'
import { navigation } from '../../state/navigation.svelte.ts'
import { toasts } from '../../state/toasts.svelte.ts'
import { count } from '../../words/numbers.ts'
import RekeyDialog from '../rekey/RekeyDialog.svelte'
import { lastName } from '../../words/names.ts'
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
    const name = lastName(first.key)
    const folder = single ? await coffer.host.savePath(name) : await coffer.host.saveFolder()
    if (folder === null) return
    // A folder that is saved by itself keeps its name, as each of several does.
    const to = single || entries.length > 1 ? folder : `${folder.replace(/\/$/, '')}/${name}/`
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

/** What begins to drag an object out of the window; undefined where the host cannot. */
export function dragOut(place: string, bucket: string, { key }: ListedEntry): (() => void) | undefined {
  const { host } = coffer
  if (host.dragOut === undefined) return undefined
  return () => void attempt(() => host.dragOut?.({ place, bucket, key }) ?? Promise.resolve())
}

export async function verify(chosen: Chosen): Promise<void> {
  await dialogs.show<DialogProps & Chosen>(VerifyDialog, chosen)
}

/** Asks first, and says what stays if the bucket keeps versions. */
export async function remove(chosen: Chosen, onremoved: () => Promise<void> | void): Promise<void> {
  const removed = await dialogs.show<DialogProps<number> & Chosen>(RemoveDialog, chosen)
  if (removed === undefined) return
  await onremoved()
  const markers = await deleteMarkers(chosen)
  const undo = async (): Promise<void> => {
    await attempt(() => Promise.all(markers.map((marker) => coffer.client.objects.undelete(marker))))
    await onremoved()
  }
  const action = markers.length > 0 ? { action: { label: 'Undo', run: () => void undo() } } : {}
  toasts.done(`Removed ${count(removed, 'file')}`, action)
}

/** As many as are brought back at once. */
const MOST_MARKERS = 50

/** What hides the files that were removed, where the bucket keeps versions; none for folders, or for too many files. */
async function deleteMarkers({ place, bucket, entries }: Chosen) {
  if (entries.length > MOST_MARKERS || entries.some(({ kind }) => kind === 'folder')) return []
  const found = entries.map(async ({ key }) => {
    const [latest] = await coffer.client.objects.versions({ place, bucket, key })
    return latest?.kind === 'delete-marker' ? [{ place, bucket, key, versionId: latest.id }] : []
  })
  return (await Promise.all(found).catch(() => [])).flat()
}

export async function rekey(chosen: Chosen, onchanged: () => Promise<void> | void): Promise<void> {
  await dialogs.show<DialogProps & Chosen>(RekeyDialog, chosen)
  await onchanged()
}

/** Something that can be done to what is chosen: in the menu of a row, and in the palette. */
export interface Action {
  id: string
  title: string
  keys?: string
  danger?: boolean
  run: () => void
}

/** All that can be done to what is chosen in a view, the most usual first. */
export function actionsOn(view: FolderView, entries: ListedEntry[]): Action[] {
  const [first] = entries
  if (first === undefined) return []
  const chosen = { place: view.place, bucket: view.bucket, entries }
  const only = entries.length === 1
  const removed = (): Promise<void> => {
    view.selection.clear()
    return view.reload()
  }
  return [
    ...(only
      ? [{ id: 'open', title: first.kind === 'folder' ? 'Open' : 'Preview', run: () => open(view, first) }]
      : []),
    { id: 'save', title: 'Save decrypted', keys: 'mod+s', run: () => void save(chosen) },
    { id: 'verify', title: 'Verify', run: () => void verify(chosen) },
    { id: 'rekey', title: 'Change mode', run: () => void rekey(chosen, () => view.reload()) },
    ...(only
      ? [{ id: 'copy-name', title: 'Copy S3 address', run: () => void copyAddress(view.bucket, first.key) }]
      : []),
    { id: 'remove', title: 'Remove', keys: 'delete', danger: true, run: () => void remove(chosen, removed) },
  ]
}

export function menuOf(actions: readonly Action[]): MenuItem[] {
  return actions.map(({ title, keys, danger = false, run }) => ({
    label: title,
    keys: keys === undefined ? undefined : keysText(keys),
    danger,
    apart: danger,
    run,
  }))
}

async function copyAddress(bucket: string, key: string): Promise<void> {
  await attempt(() => navigator.clipboard.writeText(`s3://${bucket}/${key}`))
}
