import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { keepSecrets } from '../keys/kept-secrets.ts'
import type { KeyInfo, KeyRing, LentKey } from '../keys/keyring.ts'
import { revived } from '../transfers/queue/failure.ts'
import type { KeyAnswer, KeyQuestion } from './small-orders.ts'

/** The main thread's key ring, asked from another. */
export interface LentKeys extends KeyRing {
  /** Hears an answer. */
  answered(answer: KeyAnswer): void
}

/** How long an answer of the key ring holds, in milliseconds: as long as it keeps a secret itself. */
const HOLDS = 5_000

interface Copy {
  users: number
  key: Promise<LentKey>
}

/**
 * What is lent waits here sealed, as it does there. Files that go side by side are lent one copy of a key, which is zeroed
 * when the last of them has given it back. Of an RSA key only the public half is lent.
 */
export function lentKeys(put: (question: KeyQuestion) => void): LentKeys {
  const questions = new Map<number, PromiseWithResolvers<KeyAnswer>>()
  const known = new Map<string, Promise<KeyInfo[]>>()
  const kept = keepSecrets()
  const copies = new Map<string, Copy>()
  const publicKeys = new Map<string, LentKey>()
  let asked = 0

  async function ask(what: KeyQuestion['what'], key = ''): Promise<KeyAnswer> {
    const id = ++asked
    const answer = Promise.withResolvers<KeyAnswer>()
    questions.set(id, answer)
    put({ id, what, key })
    const given = await answer.promise
    if ('failure' in given) throw revived(given.failure)
    return given
  }

  function infos(what: 'list' | 'find', key?: string): Promise<KeyInfo[]> {
    const name = `${what} ${key ?? ''}`
    const before = known.get(name)
    if (before !== undefined) return before
    const asking = ask(what, key).then((answer) => ('found' in answer ? answer.found : []))
    known.set(name, asking)
    const forget = (): void => void known.delete(name)
    asking.catch(forget)
    setTimeout(forget, HOLDS).unref()
    return asking
  }

  function copyOf(id: string): Copy {
    const copy = { users: 0, key: lent(id) }
    copies.set(id, copy)
    return copy
  }

  async function lent(id: string): Promise<LentKey> {
    const bytes = await kept.get(id, async () => {
      const answer = await ask('lend', id)
      if ('secret' in answer) return Buffer.from(answer.secret.buffer as ArrayBuffer)
      if ('publicKey' in answer) publicKeys.set(id, { ...answer, privateKey: null })
      return null
    })
    return bytes === null ? (publicKeys.get(id) ?? lost()) : { kind: 'aes-256', bytes }
  }

  function giveBack(id: string, copy: Copy): void {
    if (copy.users > 0) return
    if (copies.get(id) === copy) copies.delete(id)
    void copy.key.then(
      (key) => key.kind === 'aes-256' && zero(key.bytes),
      () => undefined,
    )
  }

  return {
    list: () => infos('list'),
    async find(idOrName) {
      const [info] = await infos('find', idOrName)
      return info ?? lost()
    },
    async lend(id, use) {
      const copy = copies.get(id) ?? copyOf(id)
      copy.users += 1
      try {
        return await use(await copy.key)
      } finally {
        copy.users -= 1
        // Those that come in this turn of the event loop still find it.
        if (copy.users === 0) setImmediate(giveBack, id, copy)
      }
    },
    answered(answer) {
      questions.get(answer.id)?.resolve(answer)
      questions.delete(answer.id)
    },
  }
}

function lost(): never {
  throw new CofferError('INTERNAL', 'A key was asked for, and the answer was none.')
}
