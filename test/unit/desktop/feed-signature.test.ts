import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isFeedSigned, signFeed } from '../../../electron/desktop/feed-signature.ts'
import { temporaryFolder } from '../../support/files.ts'

const LIST = Buffer.from('version: 2.0.0\nfiles:\n  - url: coffer.deb\n    sha512: abc\n')

function pair(): { own: KeyObject; known: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { own: privateKey, known: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') }
}

describe('a list of the update feed', () => {
  const { own, known } = pair()

  it('is taken with the signature of its maker', () => {
    expect(isFeedSigned(LIST, signFeed(LIST, own), known)).toBe(true)
  })

  it.each<[string, Buffer, string]>([
    ['of which a byte was changed', Buffer.from(LIST.toString().replace('2.0.0', '2.0.1')), signFeed(LIST, own)],
    ['that somebody else signed', LIST, signFeed(LIST, pair().own)],
    ['that was signed for another purpose', LIST, sign(null, LIST, own).toString('base64')],
    ['without a signature', LIST, ''],
    ['with a signature that is none', LIST, '<html>not found</html>'],
  ])('%s is refused', (_what, list, signature) => {
    expect(isFeedSigned(list, signature, known)).toBe(false)
  })

  it('is signed in the folder of a release by the script that has the key', async () => {
    const folder = await temporaryFolder()
    try {
      const list = join(folder.path, 'latest-linux.yml')
      await writeFile(list, LIST)
      const pem = own.export({ type: 'pkcs8', format: 'pem' }).toString()
      execFileSync(process.execPath, ['scripts/sign-feed.ts', folder.path], { env: { COFFER_SIGNING_KEY: pem } })
      expect(isFeedSigned(LIST, await readFile(`${list}.sig`, 'utf8'), known)).toBe(true)
    } finally {
      await folder.remove()
    }
  })
})
