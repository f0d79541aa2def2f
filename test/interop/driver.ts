import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Where a client finds S3 and KMS, and who it is there. */
export interface Server {
  s3: string
  kms: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  /** False where a client must not wait for "100 Continue" before it sends a body. */
  expectContinue: boolean
}

export type Format = 'v3' | 'v2'
export type KeyringKind = 'kms' | 'aes' | 'rsa'
/** Where the envelope is: in the object's metadata, or in an instruction file beside it. */
export type Place = 'metadata' | 'instruction'

/** The wrapping key: a KMS key's ARN, base64 of an AES-256 key, or an RSA private key as PKCS #8 PEM. */
export interface Keyring {
  kind: KeyringKind
  key: string
}

/** One order to a client's program. */
export interface Order {
  op: 'put' | 'get'
  server: Server
  bucket: string
  key: string
  format: Format
  place: Place
  keyring: Keyring
  /** KMS encryption context. */
  context?: Record<string, string>
  /** Materials description of a raw keyring. */
  description?: Record<string, string>
  /** What to put. */
  file?: string
  multipart?: boolean
}

/** SHA-256 (hex) of the plaintext that was put or got, or why it was not. */
export type Answer = { sha256: string } | { error: string }

/** A client's program, which takes any number of orders, one after the other. */
export interface Driver {
  ask(order: Order): Promise<Answer>
  stop(): Promise<void>
}

/** Starts a program that answers each line of JSON with one. */
export function startDriver(program: string, args: string[]): Driver {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment() })
  const waiting: ((answer: Answer) => void)[] = []
  let said = ''
  let ended = false
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line) as Answer))
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4_000)))
  child.stdin.on('error', () => undefined)
  const closed = once(child, 'close').catch((error: unknown) => (said += String(error)))
  void closed.then(() => {
    ended = true
    for (const answer of waiting.splice(0)) answer({ error: `${program} ended: ${said}` })
  })
  return {
    ask: (order) =>
      new Promise((answer) => {
        if (ended) answer({ error: `${program} has ended: ${said}` })
        waiting.push(answer)
        child.stdin.write(`${JSON.stringify(order)}\n`)
      }),
    async stop() {
      child.stdin.end()
      await closed
    },
  }
}

/** No setting of the surrounding shell reaches a client; what it needs comes with each order. */
function environment(): NodeJS.ProcessEnv {
  const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'))
  return { ...Object.fromEntries(rest), AWS_EC2_METADATA_DISABLED: 'true', LANG: 'C.UTF-8' }
}
