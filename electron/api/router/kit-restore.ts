import { zero } from '../../base/bytes.ts'
import { forgetKit, openKit } from '../../keys/kit.ts'
import type { Coffer } from '../context.ts'
import { bytesOf } from './key-file.ts'

/** What is asked for; see the contract. */
interface RestoreRequest {
  from: { path: string } | { base64: string }
  passphrase?: string | undefined
  acceptPlain: boolean
  newKeychain: boolean
  dataDir?: string | undefined
}

/**
 * Takes in all keys of a kit, and what it holds of a This computer. Throws as `openKit`; KEY_WRONG, FILE_NOT_FOUND or
 * INVALID_INPUT, before anything is kept, if `dataDir` is not a folder that the kit opens; KEYCHAIN_*, PASSPHRASE_*.
 */
export async function restoreKit(
  { keys, localCloud, secrets }: Pick<Coffer, 'keys' | 'localCloud' | 'secrets'>,
  request: RestoreRequest,
) {
  const file = await bytesOf(request.from)
  try {
    const kit = await openKit(file, request)
    try {
      const { dataDir } = request
      if (dataDir !== undefined) localCloud.kits.requireFolder(kit.thisComputer, dataDir)
      if (request.newKeychain) await secrets.replaceLost()
      const taken = await keys.restore(kit)
      const { thisComputer: computer, madeAt } = kit
      const thisComputer = computer === null ? null : await localCloud.kits.take(computer, { dataDir, madeAt })
      return {
        keys: taken,
        thisComputer,
        passphraseForm: kit.form ?? ('as-given' as const),
        isPlain: kit.form === null,
      }
    } finally {
      forgetKit(kit)
    }
  } finally {
    zero(file)
  }
}
