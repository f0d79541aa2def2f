import { asFailure } from '../../../electron/api/client.ts'
import type { Failure, KmsKeyInfo, ModeId } from '../../../electron/api/contract.ts'
import { coffer } from '../../state/coffer.ts'
import { keyring } from '../../state/keyring.svelte.ts'
import { customerChoices, kmsChoices, needsCustomerKey, needsKmsKey, preferred, type KeyChoice } from './key-choices.ts'

/** Which key goes with which mode, as a person decides it: each mode keeps what was chosen for it. */
export class KeyChoosing {
  readonly place: string
  /** Of a key that is made on the way. */
  newName = $state('')
  #kms = $state.raw<KmsKeyInfo[]>([])
  #kmsFailure = $state<Failure>()
  #chosen = $state<Partial<Record<ModeId, string>>>({})

  constructor(place: string) {
    this.place = place
  }

  /** Asks for the keys there are; what cannot be had leaves a key to be made. */
  load(): void {
    void keyring.load().catch(() => undefined)
    void coffer.client.kms
      .list({ place: this.place })
      .then((list) => (this.#kms = list))
      .catch((error: unknown) => (this.#kmsFailure = asFailure(error)))
  }

  choicesFor(mode: ModeId): KeyChoice[] {
    if (needsCustomerKey(mode)) return customerChoices(keyring.own, mode)
    return needsKmsKey(mode) ? kmsChoices(this.#kms) : []
  }

  /** What was chosen, else the usual key, else the first; undefined or '' where one is to be made. */
  chosenFor(mode: ModeId, usual?: string): string | undefined {
    return this.#chosen[mode] ?? preferred(this.choicesFor(mode), usual)
  }

  choose(mode: ModeId, id: string): void {
    this.#chosen = { ...this.#chosen, [mode]: id }
  }

  /** Why there are no keys of this mode to choose from. */
  failureFor(mode: ModeId): Failure | undefined {
    return needsKmsKey(mode) ? this.#kmsFailure : undefined
  }
}
