import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newPerson, type Person } from '../support/coffer.ts'
import { awsEnv, startComputer, type Computer } from '../support/computer.ts'
import { filesBelow, noise } from '../support/files.ts'
import { findAny, formsOf } from '../support/needles.ts'
import type { RunOptions } from '../support/run.ts'
import { awsClients } from '../support/servers.ts'

/*
 * Everything the command line can do, in success and in failure, with every switch on that makes programs talkative; then
 * a search for each secret, in each form, through all that was printed and all that was left on disk.
 */

const MIB = 1024 * 1024
/** What makes Node, the SDK and libraries write down what they do. */
const TALKATIVE = {
  DEBUG: '*',
  NODE_DEBUG: 'http,https,net,tls,stream,fs,crypto,child_process,timer',
  NODE_DEBUG_NATIVE: 'CRYPTO',
  COFFER_DEBUG: '1',
  AWS_SDK_LOAD_CONFIG: '1',
  SMITHY_LOG: 'trace',
}

describe.each(['keychain', 'sealed-file'] as const)('with keys in the %s', (backend) => {
  const aes = randomBytes(32)
  const sent = randomBytes(32)
  const other = randomBytes(32)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const passphrase = `passphrase ${randomBytes(18).toString('hex')}`
  const placeSecret = randomBytes(30).toString('base64')
  /** What was printed: the command, then its words. */
  const printed: { what: string; text: string }[] = []
  let person: Person
  let computer: Computer
  let s3: S3Client

  const inFolder = (name: string): string => join(person.folder, name)

  /** Runs a command, keeps what it says, and expects its exit code. */
  async function coffer(code: number, args: string[], options: RunOptions = {}): Promise<string> {
    const outcome = await person.coffer(args, options)
    const text = outcome.stdout + outcome.stderr
    printed.push({ what: args.join(' '), text })
    expect(outcome.code, `${args.join(' ')}: ${text}`).toBe(code)
    return text
  }

  async function openUploads(): Promise<object[]> {
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'leaks' }))
    return Uploads
  }

  beforeAll(async () => {
    const sealed = backend === 'sealed-file'
    person = await newPerson()
    const env = {
      ...TALKATIVE,
      TMPDIR: inFolder('tmp'),
      COFFER_PASSPHRASE_FILE: sealed ? inFolder('given/pass') : undefined,
    }
    Object.assign(person.env, env)
    for (const folder of ['tmp', 'given', 'out']) await mkdir(inFolder(folder))
    await writeFile(inFolder('given/pass'), `${passphrase}\n`)
    await writeFile(inFolder('given/wrong-pass'), 'not it\n')
    await writeFile(inFolder('given/aes'), aes)
    await writeFile(inFolder('given/sent'), sent)
    await writeFile(inFolder('given/rsa.pem'), rsa.export({ type: 'pkcs8', format: 'pem' }))
    await writeFile(inFolder('given/short'), aes.toString('base64').slice(0, 40))
    await writeFile(inFolder('plain'), noise(100_000, 'leaks'))
    await writeFile(inFolder('large'), noise(100 * MIB, 'leaks large'))
    computer = await startComputer(person)
    s3 = awsClients(computer.awsEnv).s3
  })
  afterAll(async () => {
    s3.destroy()
    await computer.stop()
    await person.remove()
  })

  it('keys come, are named, shown and copied out', async () => {
    await coffer(0, ['key', 'import', 'given/aes', '--name', 'mine'])
    await coffer(0, ['key', 'import', 'given/sent', '--name', 'sent', '--purpose', 'sse-c'])
    await coffer(0, ['key', 'import', 'given/rsa.pem', '--name', 'pair'])
    await coffer(0, ['key', 'import', '-', '--name', 'other'], { stdin: `${other.toString('base64')}\n` })
    await coffer(2, ['key', 'import', 'given/short'])
    await coffer(2, ['key', 'import', '-'], { stdin: `${aes.toString('hex')}00\n` })
    await coffer(0, ['key', 'list'])
    await coffer(0, ['key', 'rename', 'other', 'another'])
    await coffer(0, ['key', 'export', 'mine', 'given/exported'])
    await coffer(8, ['key', 'export', 'mine', 'given/exported'])
    expect((await readFile(inFolder('given/exported'), 'utf8')).trim()).toBe(aes.toString('base64'))
  })

  it('files go and come in every mode', async () => {
    const kms = JSON.parse(await coffer(0, ['kms', 'create'])) as { keyId: string }
    const all = [
      ['sse-s3'],
      ['sse-kms', kms.keyId],
      ['sse-c', 'sent'],
      ['cse-kms', kms.keyId],
      ['cse-c', 'mine'],
      ['cse-c', 'pair'],
    ]
    // The sealed file opens slowly, by design; only where keys come from it is it another way than the keychain's.
    const modes =
      backend === 'keychain' ? all : all.filter(([mode, key]) => mode === 'sse-s3' || key === 'mine' || key === 'sent')
    for (const [mode = '', key] of modes) {
      const object = `s3://leaks/${mode}-${key === kms.keyId ? 'kms' : (key ?? '')}`
      await coffer(0, [
        'put',
        'plain',
        object,
        '--mode',
        mode,
        '--no-kit',
        ...(key === undefined ? [] : ['--key', key]),
      ])
      await coffer(0, ['inspect', object])
      await coffer(0, ['verify', object])
      await coffer(0, ['get', object, `out/${mode}-${key ?? ''}`])
    }
    await coffer(0, ['ls', 's3://leaks/'])
    await coffer(0, ['bucket', 'show', 'leaks'])
    await coffer(0, ['rekey', 's3://leaks/sse-s3-', '--mode', 'sse-c', '--key', 'sent', '--no-kit'])
    await coffer(0, ['rekey', 's3://leaks/sse-s3-', '--mode', 'cse-c', '--key', 'mine', '--no-kit'])
    await coffer(0, ['activity'])
  })

  it('a place is remembered, denied and forgotten', async () => {
    const add = ['place', 'add', 'nas', '--endpoint-url', computer.endpoint, '--access-key-id', 'AKIAWRONGWRONGWRONG1']
    await coffer(4, add, { stdin: `${placeSecret}\n` })
    await coffer(0, [...add, '--keep-anyway'], { stdin: `${placeSecret}\n` })
    await coffer(0, ['place', 'list'])
    await coffer(4, ['ls', 's3://leaks/', '--place', 'nas'])
    await coffer(4, ['put', 'plain', 's3://leaks/x', '--mode', 'sse-c', '--key', 'sent', '--no-kit', '--place', 'nas'])
    const withPassword = computer.endpoint.replace('//', `//someone:${encodeURIComponent(placeSecret)}@`)
    await coffer(2, ['place', 'add', 'bad', '--endpoint-url', withPassword])
  })

  it('failures are told without a word of the keys', async () => {
    await coffer(6, ['get', 's3://leaks/sse-c-sent', 'out/wrong', '--key', 'another'])
    await coffer(6, ['get', 's3://leaks/cse-c-mine', 'out/wrong', '--key', 'another'])
    const { region, accessKeyId, secretAccessKey } = computer
    const nowhere = awsEnv('http://127.0.0.1:1', 'http://127.0.0.1:1', region, accessKeyId, secretAccessKey)
    await coffer(7, ['put', 'plain', 's3://leaks/x', '--mode', 'sse-c', '--key', 'sent', '--no-kit'], { env: nowhere })

    const tampered = { Bucket: 'leaks', Key: 'tampered' }
    await s3.send(new CopyObjectCommand({ ...tampered, CopySource: 'leaks/cse-c-mine' }))
    const { Metadata } = await s3.send(new HeadObjectCommand(tampered))
    const { Body } = await s3.send(new GetObjectCommand(tampered))
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? [])
    bytes[50] = (bytes[50] ?? 0) ^ 1
    await s3.send(new PutObjectCommand({ ...tampered, Body: bytes, Metadata }))
    await coffer(5, ['get', 's3://leaks/tampered', 'out/tampered'])
    if (backend === 'sealed-file') {
      await coffer(6, ['get', 's3://leaks/cse-c-mine', 'out/w'], {
        env: { COFFER_PASSPHRASE_FILE: inFolder('given/wrong-pass') },
      })
      await coffer(6, ['get', 's3://leaks/cse-c-mine', 'out/w'], { env: { COFFER_PASSPHRASE_FILE: undefined } })
    }
  })

  it.each(['sse-c', 'cse-c'])('Ctrl-C in the middle of %s', async (mode) => {
    const running = person.start([
      'put',
      'large',
      `s3://leaks/large-${mode}`,
      '--mode',
      mode,
      '--key',
      mode === 'sse-c' ? 'sent' : 'mine',
      '--no-kit',
      '--limit-rate',
      '20M',
    ])
    await expect.poll(openUploads).not.toEqual([])
    running.child.kill('SIGINT')
    const { code, stdout, stderr } = await running.ended
    printed.push({ what: `${mode} interrupted`, text: stdout + stderr })
    expect(code).toBe(130)
  })

  it('a crash shows its kind and its place, and nothing that hangs on the error', async () => {
    const hook = inFolder('given/crash.mjs')
    await writeFile(
      hook,
      `import { readFileSync } from 'node:fs'
       const key = readFileSync(${JSON.stringify(inFolder('given/aes'))})
       const crash = () => {
         const error = new TypeError('the header was ' + key.toString('base64'), { cause: new Error(key.toString('hex')) })
         throw Object.assign(error, { request: { headers: { key: key.toString('base64') } }, key })
       }
       if (process.argv[1].endsWith('cli.js') && !process.env.NODE_DEBUG) process.once('newListener', () => setTimeout(crash, 1))`,
    )
    const text = await coffer(1, ['ls', 's3://leaks/'], { env: { NODE_OPTIONS: `--import=file://${hook}` } })
    expect(text).toContain('INTERNAL')
    expect(text).toContain('(TypeError)')
    expect(text, 'where it happened').toMatch(/\n {4}at .*crash\.mjs/)
  })

  it('none of it printed a secret, and no file holds one but those that were given or asked for', async () => {
    await coffer(0, ['key', 'delete', 'another', '--confirm', 'another'])
    await coffer(0, ['place', 'remove', 'nas'])
    const jwk = rsa.export({ format: 'jwk' })
    const halves = [jwk.d, jwk.p, jwk.q].map((part) => Buffer.from(part ?? '', 'base64url'))
    const secrets: Record<string, Buffer[]> = {
      'AES key': [aes, sent],
      'other AES key': [other],
      // In pieces, since PEM breaks its lines.
      'RSA key': halves.flatMap((part) => [part.subarray(0, 30), part.subarray(40, 70), part.subarray(80, 110)]),
      passphrase: [Buffer.from(passphrase)],
      "place's secret key": [Buffer.from(placeSecret)],
      "This computer's secret key": [Buffer.from(computer.secretAccessKey)],
    }
    const finders = Object.entries(secrets).map(([name, parts]) => ({ name, find: findAny(parts.flatMap(allForms)) }))
    const found = (where: string, bytes: Buffer) =>
      finders.filter(({ find }) => find(bytes)).map(({ name }) => `${name} in ${where}`)

    expect(found('a form of each', Buffer.concat(Object.values(secrets).flat())), 'the search finds').toHaveLength(6)
    expect(printed.length).toBeGreaterThan(backend === 'keychain' ? 40 : 30)
    expect(printed.flatMap(({ what, text }) => found(`the words of: ${what}`, Buffer.from(text)))).toEqual([])
    const files = (await filesBelow(person.folder)).filter((path) => !/^(?:given\/|large$|plain$)/.test(path))
    expect(files.some((path) => path.startsWith('data/')) && files.some((path) => path.startsWith('home/'))).toBe(true)
    const onDisk = await Promise.all(files.map(async (path) => found(path, await readFile(inFolder(path)))))
    expect(onDisk.flat()).toEqual([])
  })
})

/** Also as base64url, and as Node shows a buffer. */
function allForms(secret: Buffer): Buffer[] {
  const url = (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replaceAll('+', '-').replaceAll('/', '_'))
  const shown = secret.subarray(0, 16).toString('hex').replace(/../g, '$& ').trim()
  return [...formsOf(secret), ...formsOf(secret).slice(3).map(url), Buffer.from(shown)]
}
