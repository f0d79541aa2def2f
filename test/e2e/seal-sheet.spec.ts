import type { Page } from '@playwright/test'
import { join } from 'node:path'
import { writeFiles } from '../support/files.ts'
import { drop, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

test('what is pressed in the seal sheet stands, however late the bucket’s usual mode becomes known', async ({
  page,
  window,
}) => {
  test.skip(!window.address.startsWith('http'), 'the answer is held back on the line that only the browser host has')
  await writeFiles(window.person, { 'first.txt': Buffer.from('1'), 'second.txt': Buffer.from('2') })
  await tryHere(page)
  await drop(page, join(window.person, 'first.txt'))
  await seal(page, 'CSE-KMS')
  await expect(row(page, 'first.txt')).toBeVisible()

  const line = await holdBack(page, 'usualMode')
  await page.reload()
  await expect(row(page, 'first.txt')).toBeVisible()
  await drop(page, join(window.person, 'second.txt'))
  await line.held
  const sheet = page.getByRole('dialog', { name: /^Seal / })
  const chosen = sheet.getByRole('radio', { checked: true })
  await expect(sheet.getByRole('radio')).toHaveCount(5)
  await expect(chosen).toHaveCount(0)
  await sheet.getByText('SSE-S3', { exact: true }).click()
  await expect(chosen).toHaveAccessibleName('SSE-S3')
  line.release()
  await expect(sheet.getByText('Used in this bucket so far')).toBeVisible()
  await expect(chosen).toHaveAccessibleName('SSE-S3')
  await sheet.getByRole('button', { name: /^Seal / }).click()
  await expect(row(page, 'second.txt').getByText('SSE-S3')).toBeVisible()

  // And whoever presses nothing gets the usual one.
  await page.getByRole('gridcell', { name: 'second.txt', exact: true }).click()
  await writeFiles(window.person, { 'third.txt': Buffer.from('3') })
  await drop(page, join(window.person, 'third.txt'))
  await expect(chosen).toHaveAccessibleName('CSE-KMS')
  await page.keyboard.press('Enter')
  await expect(row(page, 'third.txt').getByText('CSE-KMS')).toBeVisible()
})

/** From the next load of the page on, everything that Coffer says after it was asked for `procedure` waits. */
async function holdBack(page: Page, procedure: string): Promise<{ held: Promise<void>; release: () => void }> {
  let hold = (): void => undefined
  const held = new Promise<void>((resolve) => (hold = resolve))
  let waiting: (() => void)[] | undefined
  let released = false
  await page.routeWebSocket(/\/engine$/, (window) => {
    const engine = window.connectToServer()
    window.onMessage((message) => {
      if (!released && message.toString().includes(procedure)) {
        waiting ??= []
        hold()
      }
      engine.send(message)
    })
    engine.onMessage((message) => {
      if (waiting === undefined) window.send(message)
      else waiting.push(() => window.send(message))
    })
  })
  const release = (): void => {
    released = true
    for (const send of waiting ?? []) send()
    waiting = undefined
  }
  return { held, release }
}
