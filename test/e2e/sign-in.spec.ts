import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { awsEnv } from '../support/computer.ts'
import { startIdentityCenter, writeSsoProfile } from '../support/identity-center.ts'
import { startMoto } from '../support/moto.ts'
import { bucketAt } from './support/outside.ts'
import { expect, test } from './support/test.ts'

test('a profile of IAM Identity Center is signed in from the window, by the page that AWS shows', async ({
  page,
  window,
}) => {
  const moto = await startMoto()
  const center = await startIdentityCenter({ accessKeyId: 'ASIATESTING', secretAccessKey: 'testing' })
  try {
    const { s3 } = bucketAt(awsEnv(moto.endpoint, moto.endpoint, 'us-east-1', 'testing', 'testing'), 'shared')
    await s3.send(new CreateBucketCommand({ Bucket: 'shared' }))
    await writeSsoProfile(window.person, center, ['region = us-east-1', `endpoint_url = ${moto.endpoint}`])

    await page.getByRole('button', { name: 'Connect a bucket' }).click()
    await page.getByText('AWS profile').click()
    await page.getByRole('textbox', { name: 'Profile' }).fill('default')
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    const tried = page.getByRole('list', { name: 'What was tried' })
    await expect(tried.getByText('The sign-in of this AWS profile has expired.').first()).toBeVisible()
    const signIn = page.getByRole('button', { name: 'Sign in', exact: true })
    await signIn.click()

    const dialog = page.getByRole('dialog', { name: 'Sign in with IAM Identity Center' })
    await expect(dialog.getByLabel('Code')).toHaveText('WXYZ-1234')
    await page.keyboard.press('Escape')
    await expect(dialog).toBeHidden()
    await expect(signIn).toBeFocused()
    await signIn.click()
    if (window.address.startsWith('http')) {
      const shown = page.context().waitForEvent('page')
      await dialog.getByRole('link', { name: 'Open the sign-in page' }).click()
      const browser = await shown
      await expect(browser.getByText('WXYZ-1234')).toBeVisible()
      await browser.getByRole('button', { name: 'Confirm and continue' }).click()
      await browser.close()
    } else {
      await expect(dialog.getByLabel('Code')).toHaveText('WXYZ-1234')
      center.answer('confirm')
    }

    // The window goes on by itself, to what could not be reached before.
    await expect(page.getByRole('list', { name: 'Buckets' }).getByRole('link', { name: /^shared/ })).toBeVisible()
  } finally {
    await center.stop()
    await moto.stop()
  }
})
