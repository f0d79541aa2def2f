import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { join } from 'node:path'
import { awsEnv } from '../support/computer.ts'
import { startMoto } from '../support/moto.ts'
import { writeFiles } from '../support/files.ts'
import { bucketAt } from './support/outside.ts'
import { drop, expectFile, names, openBucket, row, saveDecrypted, seal } from './support/person.ts'
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
    await checkKeys(moto.endpoint, true)
    await page.getByLabel('Access key id').fill('AKIAIOSFODNN7EXAMPLE')
    await page.getByLabel('Secret access key').fill('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
    await page.getByLabel('Region').fill('us-east-1')
    await page.getByLabel('Name', { exact: true }).fill('Office')
    await connect.click()
    const tried = page.getByRole('list', { name: 'What was tried' })
    await expect(tried.getByText('Refused').first()).toBeVisible()
    await expect(tried.getByText(/access key/i).first()).toBeVisible()

    await checkKeys(moto.endpoint, false)
    await page.getByLabel('Access key id').fill('testing')
    await page.getByLabel('Secret access key').fill('testing')
    await connect.click()
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

/**
 * Whether moto refuses keys that it does not know (its documentation, "IAM-like Access Control"). It takes every key
 * otherwise; which of its own are right it cannot be asked, as it checks signatures over other headers than were signed.
 */
async function checkKeys(endpoint: string, strict: boolean): Promise<void> {
  await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: strict ? '0' : 'inf' })
}
