import { SvelteMap } from 'svelte/reactivity'
import type { CustomerKeyInfo, KmsKeyInfo } from '../../electron/api/contract.ts'
import { keyName } from '../words/keys.ts'
import { coffer } from './coffer.ts'

type ComputerKit = NonNullable<Awaited<ReturnType<typeof coffer.client.local.status>>['kit']>

/** The keys that are known by name: the person's own, and those of each place's KMS as far as they were asked for. */
class Keyring {
  own = $state.raw<CustomerKeyInfo[]>([])
  /** The recovery kit of This computer; null where it has no data yet. */
  computer = $state.raw<ComputerKit | null>(null)
  #kms = new SvelteMap<string, KmsKeyInfo[]>()
  #asked = new Set<string>()

  /** Keys whose loss nobody has accepted and nothing would mend. */
  get withoutKit(): number {
    return this.own.filter(({ kitSavedAt }) => kitSavedAt === null).length
  }

  /** Throws what the contract throws. */
  async load(): Promise<void> {
    this.own = await coffer.client.keys.list({})
    await this.loadComputer()
  }

  async loadComputer(): Promise<void> {
    this.computer = (await coffer.client.local.status({})).kit
  }

  setKms(place: string, keys: KmsKeyInfo[]): void {
    this.#asked.add(place)
    this.#kms.set(place, keys)
  }

  /** Asks for a place's KMS keys, once. Where that is not allowed, ids stay ids. */
  async know(place: string): Promise<void> {
    if (this.#asked.has(place)) return
    this.#asked.add(place)
    const keys = await coffer.client.kms.list({ place }).catch(() => undefined)
    if (keys !== undefined) this.#kms.set(place, keys)
  }

  nameOf(place: string | undefined, keyId: string): string | undefined {
    return keyName(keyId, this.own, this.#kms.get(place ?? '') ?? [])
  }
}

export const keyring = new Keyring()
