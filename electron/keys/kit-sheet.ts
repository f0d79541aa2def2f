import { createHash } from 'node:crypto'
import type { KeyInfo, KeyKind } from './keyring.ts'

/** What stands on the sheet beside the keys. */
export interface SheetFacts {
  /** Where the kit was saved. */
  kitPath: string
  /** The kit's bytes, for their SHA-256. */
  kit: Uint8Array
  /** What reminds the person of the passphrase, in their own words; never the passphrase. */
  hint: string | undefined
  madeAt: Date
  /** The data folder of This computer whose root key is in the kit, too. */
  thisComputer: { dataDir: string } | null
}

const KINDS: Record<KeyKind, string> = {
  'aes-256': 'AES-256',
  'rsa-pair': 'RSA key pair',
  'rsa-public': 'RSA, public half only',
}

/**
 * A sheet of paper to keep apart from the kit: which keys it holds and how they come back, with Coffer and without. One
 * HTML file without script or anything remote; printing it makes the PDF. It holds no key and no passphrase.
 */
export function kitSheet(keys: KeyInfo[], { kitPath, kit, hint, madeAt, thisComputer }: SheetFacts): string {
  const file = escape(shellWord(kitPath))
  const sha256 = createHash('sha256').update(kit).digest('hex')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Coffer: recovery sheet</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Recovery sheet</h1>
<p>Made by Coffer on ${day(madeAt)}. Keep it apart from the computer. It holds no key and no passphrase: it takes the kit
<em>and</em> its passphrase to bring the keys back. Whoever has both can read the files.</p>
<dl>
<dt>The kit</dt><dd><code>${escape(kitPath)}</code></dd>
<dt>Its SHA-256</dt><dd><code>${sha256}</code></dd>
<dt>Copies of it are at</dt><dd class="blank"></dd>
<dt>Hint at the passphrase</dt><dd${hint === undefined ? ' class="blank"' : ''}>${escape(hint ?? '')}</dd>
</dl>
<h2>In the kit</h2>
${keys.length === 0 ? '' : keyTable(keys)}
${thisComputer === null ? '' : computerWords(thisComputer.dataDir)}
<h2>To bring it back</h2>
<h3>With Coffer</h3>
<pre>coffer key restore ${file}</pre>
${thisComputer === null ? '' : `<p>This computer's data, from the folder or a copy of it:</p>\n<pre>coffer up --data FOLDER --kit ${file}</pre>`}
<h3>Without Coffer</h3>
<p>The kit is an age file (age-encryption.org). This opens it, on any system, and asks for the passphrase:</p>
<pre>age -d -o kit.json ${file}</pre>
<p><code>kit.json</code> is plain text: for each key its id, its name, and the key itself. Delete it after use.</p>
${ways(keys)}
</body>
</html>
`
}

function keyTable(keys: KeyInfo[]): string {
  return `<table>
<thead><tr><th>Name</th><th>Id</th><th>Kind</th><th>For</th><th>Made</th></tr></thead>
<tbody>
${keys.map(keyRow).join('\n')}
</tbody>
</table>`
}

function computerWords(dataDir: string): string {
  return `<p>The root key of This computer, Coffer's own S3 and KMS, and its KMS keys. Its data is in <code>${escape(dataDir)}</code>: keep
copies of that folder, too. KMS keys that are made later are not in this kit.</p>`
}

/** A key that was not used yet may be used by the time that the sheet is read. */
const PURPOSES: Record<KeyInfo['purpose'], string> = { cse: 'CSE-C', 'sse-c': 'SSE-C', unused: '', unknown: '' }

function keyRow({ name, id, kind, createdAt, purpose }: KeyInfo): string {
  return `<tr><td>${escape(name)}</td><td><code>${escape(id)}</code></td><td>${KINDS[kind]}</td><td>${PURPOSES[purpose]}</td><td>${day(createdAt)}</td></tr>`
}

/** How each kind of key that is in the kit is used with other tools; the commands name the first key of its kind. */
function ways(keys: KeyInfo[]): string {
  const idOf = (kind: KeyKind): string | undefined => keys.find((key) => key.kind === kind)?.id
  const [aes, pair, half] = [idOf('aes-256'), idOf('rsa-pair'), idOf('rsa-public')]
  return [aes && aesWays(aes), pair && rsaWays(pair), half && PUBLIC_WAYS].filter(Boolean).join('\n')
}

const CLIENTS = `with an Amazon S3 Encryption Client that reads format V3 and takes such a key (Java 4, .NET 4, Ruby with
aws-sdk-s3 1.208 or newer). In Java:`

function aesWays(id: string): string {
  return `<h3>An AES-256 key</h3>
<p>As a file of 32 bytes:</p>
<pre>${escape(`jq -r '.keys[] | select(.id=="${id}") | .base64' kit.json | base64 -d > mine.key`)}</pre>
<p>Objects that S3 encrypted with it (SSE-C), with the AWS CLI:</p>
<pre>aws s3 cp s3://BUCKET/KEY FILE --sse-c AES256 --sse-c-key fileb://mine.key</pre>
<p>Objects that were encrypted before they were sent (CSE-C), ${CLIENTS}</p>
<pre>${escape(`var key = new SecretKeySpec(Files.readAllBytes(Path.of("mine.key")), "AES");
S3Client s3 = S3EncryptionClient.builderV4().aesKey(key).build();`)}</pre>
${javaOne(`new EncryptionMaterials(key)`, id)}`
}

function rsaWays(id: string): string {
  return `<h3>An RSA key pair</h3>
<p>As a PEM file, and as PKCS #8:</p>
<pre>${escape(`jq -r '.keys[] | select(.id=="${id}") | .privateKeyPem' kit.json > mine.pem
openssl pkcs8 -topk8 -nocrypt -in mine.pem -outform DER -out mine.der`)}</pre>
<p>Objects that were encrypted with it (CSE-C), ${CLIENTS}</p>
<pre>${escape(`var spec = new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of("mine.der")));
var key = KeyFactory.getInstance("RSA").generatePrivate(spec);
S3Client s3 = S3EncryptionClient.builderV4().rsaKeyPair(new PartialRsaKeyPair(key, null)).build();`)}</pre>
${javaOne(`new EncryptionMaterials(new KeyPair(null, key))`, id)}`
}

/** Its StaticEncryptionMaterialsProvider compares the whole materials description with the object's. */
function javaOne(materials: string, id: string): string {
  return `<p>Objects in the older format V2 can also be read with the AWS SDK for Java 1. It compares the materials description,
which names the key by its id:</p>
<pre>${escape(`${materials}.addDescription("coffer-key", "${id}")`)}</pre>`
}

const PUBLIC_WAYS = `<h3>The public half of an RSA key</h3>
<p>It encrypts and cannot decrypt. Files under it are read where the private half is.</p>`

/** 2026-04-01, in UTC. */
function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

/** As a POSIX shell reads it: one word, nothing in it obeyed. */
function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const STYLE = `
:root { font: 11pt/1.45 system-ui, sans-serif; color: #111; background: #fff }
body { max-width: 44em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 1.6em } h3 { font-size: 1em; margin-bottom: .3em }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3em .5em; border-bottom: 1px solid #999 }
td, dd, pre { overflow-wrap: anywhere } pre { white-space: pre-wrap; border: 1px solid #999; padding: .5em }
code, pre { font: .9em ui-monospace, monospace }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4em 1em } dt { font-weight: 600 } dd { margin: 0 }
.blank { border-bottom: 1px solid #999; min-height: 1.4em }
tr, pre, dl { break-inside: avoid } h2, h3 { break-after: avoid }
@page { margin: 2cm } @media print { body { max-width: none; margin: 0; padding: 0 } }
`
