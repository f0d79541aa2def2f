import type { CustomerKeyInfo } from '../../../electron/api/contract.ts'
import { dialogs, type DialogProps } from '../../state/dialogs.svelte.ts'
import { keyring } from '../../state/keyring.svelte.ts'
import { toasts } from '../../state/toasts.svelte.ts'
import KitDialog from './KitDialog.svelte'

type KitProps = DialogProps<'saved' | 'declined'> & { keyId?: string; name: string }

/** Lets the person save the recovery kit of a key. */
export function saveKeyKit({ id, name }: Pick<CustomerKeyInfo, 'id' | 'name'>): Promise<void> {
  return save({ keyId: id, name })
}

/** Lets the person save the recovery kit of This computer alone. */
export function saveComputerKit(): Promise<void> {
  return save({ name: 'This computer' })
}

async function save(props: Omit<KitProps, 'close'>): Promise<void> {
  const saved = await dialogs.show<KitProps>(KitDialog, props)
  if (saved === 'saved') {
    toasts.done('The recovery kit is saved', { text: 'Print its sheet, and keep both apart from this computer.' })
  }
  await keyring.load()
}
