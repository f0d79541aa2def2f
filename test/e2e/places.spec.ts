import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { awsEnv } from '../support/computer.ts'
import { startMoto } from '../support/moto.ts'
import { startVersitygw } from '../support/servers/programs.ts'
import { temporaryFolder, writeFiles } from '../support/files.ts'
import { succeed } from '../support/run.ts'
import { bucketAt, refuseUnknownKeys } from './support/outside.ts'
import { connectTo, drop, expectFile, names, openBucket, row, saveDecrypted, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

test('a compatible server is connected: with wrong keys, which says what to do, then with the right ones', async ({
  page,
  window,
}) => {
  const moto = await startMoto()
  try {
    const bucket = bucketAt(awsEnv(moto.endpoint, moto.endpoint, 'us-east-1', 'testing', 'testing'), 'shared')
    await bucket.s3.send(new CreateBucketCommand({ Bucket: 'shared' }))
    await writeFiles(window.person, { 'plan.txt': Buffer.from('the plan') })

    await page.getByRole('button', { name: 'Connect a bucket' }).click()
    await page.getByText('Compatible server').click()
    const connect = page.getByRole('button', { name: 'Connect', exact: true })
    await connect.click()
    await expect(page.getByText('Give the server’s address, with https://.')).toBeVisible()

    await page.getByLabel('Address', { exact: true }).fill(moto.endpoint)
    await refuseUnknownKeys(moto.endpoint, true)
    await page.getByLabel('Access key id').fill('AKIAIOSFODNN7EXAMPLE')
    await page.getByLabel('Secret access key').fill('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
    await page.getByLabel('Region').fill('us-east-1')
    await page.getByLabel('Name', { exact: true }).fill('Office')
    await connect.click()
    const tried = page.getByRole('list', { name: 'What was tried' })
    await expect(tried.getByText('Refused').first()).toBeVisible()
    await expect(tried.getByText(/access key/i).first()).toBeVisible()

    await refuseUnknownKeys(moto.endpoint, false)
    await page.getByLabel('Access key id').fill('testing')
    await page.getByLabel('Secret access key').fill('testing')
    await connect.click()
    await page.getByRole('button', { name: 'Not now' }).click()
    await expect(page.getByRole('heading', { name: 'Office', level: 1 })).toBeVisible()
    await expect(page.getByRole('list', { name: 'Buckets' }).getByRole('link', { name: /^shared/ })).toBeVisible()

    await openBucket(page, 'shared')
    await drop(page, join(window.person, 'plan.txt'))
    await seal(page, 'CSE-C', { kit: 'decline' })
    await expect(row(page, 'plan.txt')).toBeVisible()
    expect(await names(page)).toEqual(['plan.txt'])
    expect(await bucket.names()).toEqual(['plan.txt'])
    expect((await bucket.contents())['plan.txt']).not.toContain('the plan')
    const folder = join(window.person, 'Downloads')
    await saveDecrypted(page, 'plan.txt', { folder, bytes: Buffer.from('the plan') })
    await expectFile(join(folder, 'plan.txt'), Buffer.from('the plan'))
  } finally {
    await moto.stop()
  }
})

test('rights that are missing are named, and a person who can do without them goes on', async ({ page }) => {
  const server = await startWithoutKms()
  try {
    await tryHere(page)
    await page.getByRole('link', { name: 'Connect a bucket…' }).click()
    await expect(page.getByRole('heading', { name: 'Connect a bucket', level: 1 })).toBeVisible()
    await connectTo(page, { ...server, accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' })
    const tried = page.getByRole('list', { name: 'What was tried' })
    await expect(tried.getByRole('listitem').filter({ hasText: 's3:ListBuckets' })).toContainText('Works')
    const refused = tried.getByRole('listitem').filter({ has: page.getByText('kms:ListKeys', { exact: true }) })
    await expect(refused).toContainText('Refused')
    await expect(refused).toContainText(/not allowed.*kms:ListKeys/i)
    await page.getByRole('button', { name: 'Keep it anyway' }).click()
    await page.getByRole('button', { name: 'Not now' }).click()
    await expect(page.getByRole('list', { name: 'Buckets' }).getByRole('link', { name: /^ledger/ })).toBeVisible()
  } finally {
    await server.stop()
  }
})

test('a server that encrypts nothing is found out when it is connected, and its modes cannot be chosen', async ({
  page,
  window,
}) => {
  const folder = await temporaryFolder()
  const server = await startVersitygw(folder.path)
  try {
    const keys = server.connection.credentials
    if (keys.kind !== 'keys') throw new Error('a server of a test has keys')
    const { accessKeyId, secretAccessKey } = keys
    const outside = bucketAt(awsEnv(server.endpoint, server.endpoint, 'us-east-1', accessKeyId, secretAccessKey), 'nas')
    await outside.s3.send(new CreateBucketCommand({ Bucket: 'nas' }))
    await writeFiles(window.person, { 'plan.txt': Buffer.from('the plan') })

    await page.getByRole('button', { name: 'Connect a bucket' }).click()
    await connectTo(page, { endpoint: server.endpoint, accessKeyId, secretAccessKey })
    await page.getByRole('button', { name: 'Keep it anyway' }).click()
    await expect(page.getByLabel('Bucket for the test')).toHaveValue('nas')
    expect(await outside.names()).toEqual([])
    await page.getByRole('button', { name: 'Test the server' }).click()
    await expect(page.getByRole('heading', { name: 'What this server does' })).toBeVisible()
    await expect(page.getByText(/does not encrypt.*: SSE-S3, SSE-KMS, SSE-C/)).toBeVisible()
    const metadata = page.getByRole('region', { name: 'Metadata' })
    await expect(metadata.getByRole('listitem').filter({ hasText: 'byte for byte' })).toContainText('Yes')
    expect(await outside.names()).toEqual([])

    await page.getByRole('link', { name: /^Back to/ }).click()
    await openBucket(page, 'nas')
    await drop(page, join(window.person, 'plan.txt'))
    const sheet = page.getByRole('dialog', { name: /^Seal / })
    await expect(sheet.getByRole('radio', { checked: true })).toHaveAccessibleName('CSE-C')
    for (const mode of ['SSE-S3', 'SSE-KMS', 'SSE-C']) {
      const cell = sheet.getByRole('radio', { name: mode, exact: true })
      await expect(cell).toBeDisabled()
      await expect(cell).toHaveAccessibleDescription(/Not encrypted on this server.*reports no encryption/)
    }
    await page.keyboard.press('Escape')
  } finally {
    await server.stop()
    await folder.remove()
  }
})

test('connecting another bucket can be left, and nothing of it is kept', async ({ page, window }) => {
  await tryHere(page)
  await page.getByRole('link', { name: 'Connect a bucket…' }).click()
  await connectTo(page, { endpoint: 'http://127.0.0.1:9', accessKeyId: 'any', secretAccessKey: 'any' })
  const tried = page.getByRole('list', { name: 'What was tried' })
  await expect(tried.getByText('Not reachable').first()).toBeVisible()
  await expect(tried.getByText('Refused', { exact: true })).toHaveCount(0)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('grid', { name: 'Files in vault' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('navigation', { name: 'Places' }).getByRole('heading')).toHaveText(['This computer'])
  await expectNoPlace(window.home)
})

test('a page that is closed while a refused connection is on it has kept nothing', async ({ page, window }) => {
  await tryHere(page)
  await page.getByRole('link', { name: 'Connect a bucket…' }).click()
  await connectTo(page, { endpoint: 'http://127.0.0.1:9', accessKeyId: 'any', secretAccessKey: 'any' })
  await expect(page.getByRole('button', { name: 'Keep it anyway' })).toBeVisible()
  await page.goto('about:blank')
  await expectNoPlace(window.home)
})

/** As the command line sees it: no place but This computer. */
async function expectNoPlace(home: string): Promise<void> {
  const listed = await succeed(process.execPath, [resolve('dist/cli.js'), 'place', 'list', '--json'], {
    env: { COFFER_HOME: home },
  })
  expect(listed.trim().split('\n')).toHaveLength(1)
}

/** A server with one bucket that answers as AWS does where the person may not list KMS keys. */
async function startWithoutKms(): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const server = createServer((request, answer) => {
    if (request.method === 'POST') {
      answer.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
      const message = 'User: arn:aws:iam::111122223333:user/ann is not authorized to perform: kms:ListKeys'
      answer.end(JSON.stringify({ __type: 'AccessDeniedException', Message: message }))
      return
    }
    answer.writeHead(200, { 'content-type': 'application/xml' })
    answer.end(
      '<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets><Bucket><Name>ledger</Name>' +
        '<CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>',
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}
