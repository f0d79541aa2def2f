import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { CofferError } from '../../electron/base/errors.ts'
import { keyId } from '../../electron/keys/key-id.ts'
import type { KeyInfo, KeyRing, LentKey } from '../../electron/keys/keyring.ts'

/** A key ring in memory with real keys; its secrets are lent as copies that are wiped, as the real one does. */
export interface TestKeyRing extends KeyRing {
  addAes(name: string, bytes?: Buffer): KeyInfo
  addRsa(name: string, key?: KeyObject): KeyInfo
  remove(id: string): void
  /** Every buffer that was lent so far. */
  lent: Buffer[]
}

export function testKeyRing(): TestKeyRing {
  const held = new Map<string, { info: KeyInfo; lend: () => LentKey }>()
  const lent: Buffer[] = []
  const add = (id: string, name: string, kind: KeyInfo['kind'], lend: () => LentKey): KeyInfo => {
    const info = { id, name, kind, createdAt: new Date(), kitSavedAt: null, kitDeclinedAt: null }
    held.set(id, { info, lend })
    return info
  }
  const notFound = (id: string) => new CofferError('KEY_NOT_FOUND', `There is no key ${id}.`)
  return {
    lent,
    addAes: (name, bytes = randomBytes(32)) =>
      add(keyId(bytes), name, 'aes-256', () => ({ kind: 'aes-256', bytes: Buffer.from(bytes) })),
    addRsa(name, key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey) {
      const publicKey = key.type === 'public' ? key : createPublicKey(key)
      const kind = key.type === 'public' ? 'rsa-public' : 'rsa-pair'
      const privateKey = key.type === 'public' ? null : createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))
      const id = keyId(publicKey.export({ type: 'spki', format: 'der' }))
      return add(id, name, kind, () => ({ kind, publicKey, privateKey }))
    },
    remove: (id) => void held.delete(id),
    list: () => Promise.resolve([...held.values()].map(({ info }) => info)),
    find(idOrName) {
      const found = [...held.values()].find(({ info }) => info.id === idOrName || info.name === idOrName)
      return found ? Promise.resolve(found.info) : Promise.reject(notFound(idOrName))
    },
    async lend(id, use) {
      const key = held.get(id)?.lend()
      if (key === undefined) throw notFound(id)
      if (key.kind === 'aes-256') lent.push(key.bytes)
      try {
        return await use(key)
      } finally {
        if (key.kind === 'aes-256') key.bytes.fill(0)
      }
    },
  }
}
