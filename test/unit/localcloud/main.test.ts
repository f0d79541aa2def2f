import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import * as kms from '@aws-sdk/client-kms'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPrincipal } from '../../support/admin.ts'
import { kmsClient } from '../../support/kms.ts'
import { launchLocalCloud, startLocalCloud, type LocalCloud, type LocalCloudOptions } from '../../support/localcloud.ts'

let dataDir: string
let clouds: LocalCloud[]
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'coffer-main-'))
  clouds = []
})
afterEach(async () => {
  for (const cloud of clouds) await cloud.stop()
  rmSync(dataDir, { recursive: true })
})

async function start(options: LocalCloudOptions = {}): Promise<LocalCloud> {
  const cloud = await startLocalCloud({ dataDir, ...options })
  clouds.push(cloud)
  return cloud
}

function runFile(): string {
  return join(dataDir, 'run.json')
}

async function kill(cloud: LocalCloud): Promise<void> {
  cloud.process.kill('SIGKILL')
  await once(cloud.process, 'exit')
}

describe('start', () => {
  it('answers where it is, says so in run.json, and takes that away at its end', async () => {
    const cloud = await start()
    expect(cloud.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const told = JSON.parse(readFileSync(runFile(), 'utf8')) as Record<string, unknown>
    expect(told).toEqual({
      pid: cloud.pid,
      endpoint: cloud.endpoint,
      region: 'us-east-1',
      startedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      notices: [],
    })
    expect(cloud.pid).toBe(cloud.process.pid)
    expect(await cloud.stop()).toBe(0)
    expect(existsSync(runFile())).toBe(false)
  })

  it('everything it writes is for its user alone', async () => {
    await start()
    const modes = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).map((name) => [
      name,
      (statSync(join(dataDir, name)).mode & 0o077).toString(8),
    ])
    expect(modes.length).toBeGreaterThan(3)
    expect(modes.filter(([, others]) => others !== '0')).toEqual([])
  })

  it('DATA_DIR_IN_USE while another server has the folder, and not after it was killed', async () => {
    const first = await start()
    await expect(start({ rootKey: first.rootKey })).rejects.toThrow(/^DATA_DIR_IN_USE/)
    expect(existsSync(runFile())).toBe(true)
    await kill(first)
    const second = await start({ rootKey: first.rootKey })
    expect((JSON.parse(readFileSync(runFile(), 'utf8')) as { pid: number }).pid).toBe(second.pid)
  })

  it('WRONG_ROOT_KEY with another root key than the folder was made with', async () => {
    const first = await start()
    await first.stop()
    await expect(start({ rootKey: randomBytes(32).toString('base64') })).rejects.toThrow(/^WRONG_ROOT_KEY/)
    await start({ rootKey: first.rootKey })
  })

  it('PORT_IN_USE where someone listens already', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    await expect(start({ port: (other.address() as AddressInfo).port })).rejects.toThrow(/^PORT_IN_USE/)
    other.close()
  })

  it.each([
    ['nonsense', 'nonsense\n'],
    [
      'a short root key',
      `${JSON.stringify({ dataDir: '/tmp/x', port: 0, rootKey: 'AAAA', owner: {}, idleSeconds: null })}\n`,
    ],
  ])('FAILED for %s, without repeating it', async (_what, order) => {
    const { child, answer } = await launchLocalCloud(order)
    expect(answer).toEqual({ ok: false, code: 'FAILED', message: 'The start order is not valid' })
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(1)
  })

  it('listens on loopback alone', async () => {
    const { port } = new URL((await start()).endpoint)
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
    if (others.length === 0) console.log('this machine has no other address to try')
    for (const { address } of others) await expect(fetch(`http://${address}:${port}/`)).rejects.toThrow()
  })
})

describe('life', () => {
  it('keys, aliases and principals are there again after kill -9', async () => {
    const first = await start()
    const client = kmsClient(first)
    const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    const context = { EncryptionContext: { a: 'b' } }
    const made = await client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', ...context }))
    await client.send(new kms.RotateKeyOnDemandCommand({ KeyId }))
    await client.send(new kms.CreateAliasCommand({ AliasName: 'alias/kept', TargetKeyId: KeyId }))
    const ada = await createPrincipal(first, 'ada')
    await kill(first)
    client.destroy()

    const { accessKeyId, secretAccessKey, rootKey } = first
    const second = await start({ rootKey, owner: { accessKeyId, secretAccessKey } })
    const again = kmsClient(second)
    const opened = await again.send(new kms.DecryptCommand({ CiphertextBlob: made.CiphertextBlob, ...context }))
    expect(opened.Plaintext).toEqual(made.Plaintext)
    const described = await again.send(new kms.DescribeKeyCommand({ KeyId: 'alias/kept' }))
    expect(described.KeyMetadata?.KeyId).toBe(KeyId)
    const asAda = kmsClient(second, ada)
    await expect(asAda.send(new kms.DescribeKeyCommand({ KeyId }))).rejects.toThrow(
      expect.objectContaining({ name: 'AccessDeniedException' }),
    )
    again.destroy()
    asAda.destroy()
  })

  it('ends by itself once idle, and not while it is asked', async () => {
    const cloud = await start({ idleSeconds: 2 })
    const client = kmsClient(cloud)
    for (let i = 0; i < 25; i++) {
      await client.send(new kms.ListKeysCommand({}))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(cloud.process.exitCode).toBeNull()
    client.destroy()
    await once(cloud.process, 'exit')
    expect(cloud.process.exitCode).toBe(0)
    expect(existsSync(runFile())).toBe(false)
  })

  it('in the foreground ends with its standard input; otherwise outlives it', async () => {
    const foreground = await start()
    foreground.process.stdin?.end()
    await once(foreground.process, 'exit')
    expect(foreground.process.exitCode).toBe(0)
    const background = await start({ rootKey: foreground.rootKey, idleSeconds: 60 })
    background.process.stdin?.end()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(background.process.exitCode).toBeNull()
  })

  it('leaves no secret on disk or in its output', async () => {
    const cloud = await start()
    let output = ''
    cloud.process.stdout?.on('data', (piece: Buffer) => (output += piece.toString()))
    const ada = await createPrincipal(cloud, 'ada')
    const client = kmsClient(cloud)
    const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    const { Plaintext } = await client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
    await client.send(new kms.DecryptCommand({ CiphertextBlob: Buffer.from('no') })).catch(() => undefined)
    client.destroy()
    await cloud.stop()
    const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8', withFileTypes: false })
      .map((name) => join(dataDir, name))
      .filter((path) => statSync(path).isFile())
    const disk = Buffer.concat([Buffer.from(output), ...files.map((path) => readFileSync(path))])
    const secrets = [
      cloud.secretAccessKey,
      ada.secretAccessKey,
      cloud.rootKey,
      Buffer.from(cloud.rootKey, 'base64'),
      Buffer.from(Plaintext ?? []),
      Buffer.from(Plaintext ?? []).toString('base64'),
    ]
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(15)
      expect(disk.includes(secret)).toBe(false)
    }
    expect(disk.includes(ada.accessKeyId)).toBe(true)
  })
})
