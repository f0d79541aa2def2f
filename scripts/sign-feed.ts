/*
 * Signs the lists of an update feed: node scripts/sign-feed.ts FOLDER writes FOLDER/latest*.yml.sig, with the Ed25519 private key
 * in COFFER_SIGNING_KEY (PEM). It needs no package, so that the key meets no code but this project's own. A new pair:
 *
 *   openssl genpkey -algorithm ed25519 -out key.pem
 *   openssl pkey -in key.pem -pubout -outform DER | openssl base64 -A     # COFFER_UPDATE_KEY, for scripts/package.ts
 */
import { createPrivateKey } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signFeed } from '../electron/desktop/feed-signature.ts'

const [folder = '.'] = process.argv.slice(2)
const key = createPrivateKey(process.env.COFFER_SIGNING_KEY ?? '')
if (key.asymmetricKeyType !== 'ed25519') throw new Error('COFFER_SIGNING_KEY must be an Ed25519 key')
const lists = readdirSync(folder).filter((name) => /^latest.*\.yml$/.test(name))
if (lists.length === 0) throw new Error(`there is no latest*.yml in ${folder}`)
for (const name of lists) {
  writeFileSync(join(folder, `${name}.sig`), signFeed(readFileSync(join(folder, name)), key))
  process.stdout.write(`${name}.sig\n`)
}
