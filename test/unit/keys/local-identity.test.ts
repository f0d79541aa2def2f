import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localIdentity, localOwner } from '../../../electron/keys/local-identity.ts'
import { testFolder } from '../store/folder.ts'

function countingStore() {
  const held = new Map<string, Buffer>()
  const read: string[] = []
  return {
    read,
    get(account: string) {
      read.push(account)
      const value = held.get(account)
      return Promise.resolve(value === undefined ? null : Buffer.from(value))
    },
    set(account: string, value: Uint8Array) {
      held.set(account, Buffer.from(value))
      return Promise.resolve()
    },
  }
}

test('to ask a server, the owner is enough: the root key is not read', async () => {
  const [secrets, lock] = [countingStore(), join(testFolder(), 'lock')]
  const { rootKey, owner } = await localIdentity(secrets, lock)
  expect(rootKey).toHaveLength(32)
  secrets.read.length = 0
  expect(await localOwner(secrets, lock)).toEqual(owner)
  expect(secrets.read).toEqual(['local/owner'])
})

test('an owner who asks first is made, with a root key', async () => {
  const [secrets, lock] = [countingStore(), join(testFolder(), 'lock')]
  const owner = await localOwner(secrets, lock)
  expect(await localIdentity(secrets, lock)).toMatchObject({ owner })
})
