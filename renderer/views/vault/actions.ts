import type { Failure, ListedEntry } from '../../../electron/api/contract.ts'
import { attempt, coffer } from '../../state/coffer.ts'
import { openDragOut, type DragOut } from '../../state/drag-out.ts'
import { holdPointer } from '../../state/hold-pointer.ts'
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
    const file = single ? await coffer.host.savePath(name) : null
    const folder = single ? file?.path : await coffer.host.saveFolder()
    if (folder === undefined || folder === null) return
    // A folder that is saved by itself keeps its name, as each of several does.
    const to = single || entries.length > 1 ? folder : `${folder.replace(/\/$/, '')}/${name}/`
    await coffer.client.transfers.get({
      place,
      bucket,
      keys: entries.map(({ key }) => key),
      to,
      ...(versionId === undefined ? {} : { versionId }),
      overwrite: file?.replaces === true ? 'replace' : 'ask',
    })
  })
}

/** The one of this window, made with its first list. */
let drags: DragOut | undefined

/** Begins to drag an object out of the window; undefined where the host cannot. */
export function dragOut(place: string, bucket: string, entry: ListedEntry): (() => void) | undefined {
  const { host } = coffer
  if (host.drags === undefined) return undefined
  const out = (drags ??= openDragOut(host.drags, toasts))
  return () => void out.drag({ ...entry, place, bucket }, holdPointer())
}

export async function verify(chosen: Chosen): Promise<void> {
  await dialogs.show<DialogProps & Chosen>(VerifyDialog, chosen)
}

/** What is removed by one request of the window, so that it can be told how far it is. */
const REMOVED_AT_ONCE = 1000

/**
 * Removes what is chosen in a view, once the person is sure. Its rows go at once, and come back if S3 does not do it. Says
 * what stays where the bucket keeps versions. False if the person was not sure.
 */
export async function remove(view: FolderView): Promise<boolean> {
  const { place, bucket, selection } = view
  const chosen = { place, bucket, entries: selection.entries }
  const sure = await dialogs.show<DialogProps<true> & Chosen>(RemoveDialog, chosen)
  if (sure !== true) return false
  const keys = chosen.entries.map(({ key }) => key)
  selection.clear()
  view.leave(keys)
  const state = { isWhole: false }
  await attempt(async () => {
    const { removed, failed, failure } = await removeAll(chosen, keys)
    state.isWhole = failure === undefined
    if (removed > 0 || failure === undefined) {
      toasts.done(`Removed ${count(removed, 'file')}`, await undoOf(chosen, view))
    }
    if (failure !== undefined) toasts.failed(amongOthers(failure, failed))
  })
  view.back(keys)
  await view.reload()
  if (!state.isWhole) await view.refresh()
  return true
}

/** The first failure of several, with how many there are. */
function amongOthers(failure: Failure, failed: number): Failure {
  if (failed < 2) return failure
  return { ...failure, message: `${failure.message} ${count(failed - 1, 'other file')} could not be removed either.` }
}

interface RemovedAll {
  removed: number
  failed: number
  /** Why the first of those failed. */
  failure: Failure | undefined
}

async function removeAll({ place, bucket }: Chosen, keys: string[]): Promise<RemovedAll> {
  const working = toasts.working(`Removing ${count(keys.length, 'item')}`)
  let [removed, failed] = [0, 0]
  let failure: Failure | undefined
  try {
    for (let at = 0; at < keys.length; at += REMOVED_AT_ONCE) {
      const some = keys.slice(at, at + REMOVED_AT_ONCE)
      const done = await coffer.client.objects.remove({ place, bucket, keys: some })
      removed += done.removed
      failed += done.failed
      failure ??= done.failures[0]?.error
      working.at((at + some.length) / keys.length)
    }
  } finally {
    working.end()
  }
  return { removed, failed, failure }
}

/** A button that brings back what was removed, where the bucket can. */
async function undoOf(chosen: Chosen, view: FolderView): Promise<{ action?: { label: string; run: () => void } }> {
  const markers = await deleteMarkers(chosen)
  if (markers.length === 0) return {}
  const undo = async (): Promise<void> => {
    await attempt(() => Promise.all(markers.map((marker) => coffer.client.objects.undelete(marker))))
    await view.reload()
  }
  return { action: { label: 'Undo', run: () => void undo() } }
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
export function actionsOn(view: FolderView): Action[] {
  const { entries } = view.selection
  const [first] = entries
  if (first === undefined) return []
  const chosen = { place: view.place, bucket: view.bucket, entries }
  const only = entries.length === 1
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
    { id: 'remove', title: 'Remove', keys: 'delete', danger: true, run: () => void remove(view) },
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
  const address = `s3://${bucket}/${key}`
  if (await attempt(() => navigator.clipboard.writeText(address))) toasts.done('Copied', { text: address })
}
