import { join } from 'node:path'
import { writeFiles } from '../support/files.ts'
import { drop, openBucket, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

/** The browser's own notifications go to a system that is not there in a test; this writes down what it would be told. */
const LISTEN = `
  window.told = []
  let permission = 'default'
  window.Notification = class {
    static get permission() { return permission }
    static async requestPermission() { return (permission = 'granted') }
    constructor(title) { window.told.push(title) }
    addEventListener() {}
  }
  let inFront = true
  document.hasFocus = () => inFront
  window.addEventListener('coffer-test-away', () => (inFront = false))
`

test('the end of a transfer is told by the system, if the person has asked for it and looks elsewhere', async ({
  page,
  window,
}, { project }) => {
  test.skip(project.name === 'desktop', 'the desktop app tells the system itself')
  const told = () => page.evaluate<string[]>('window.told')
  await writeFiles(window.person, {
    'one.txt': Buffer.from('1'),
    'two.txt': Buffer.from('2'),
    'three.txt': Buffer.from('3'),
  })
  await page.evaluate(LISTEN)
  await tryHere(page)
  const sealOne = async (name: string): Promise<void> => {
    await openBucket(page, 'vault')
    await drop(page, join(window.person, name))
    await seal(page, 'SSE-S3')
    await expect(row(page, name)).toBeVisible()
  }
  await page.getByRole('link', { name: 'Settings' }).click()
  const wish = page.getByRole('checkbox', { name: /^Tell me when a transfer ends/ })
  await expect(wish).not.toBeChecked()
  await wish.check()
  await expect(wish).toBeChecked()
  await sealOne('one.txt')
  await page.evaluate(`window.dispatchEvent(new Event('coffer-test-away'))`)
  await sealOne('two.txt')
  await expect.poll(told, 'only what ended while nobody looked').toEqual(['Sealed 1 file into vault'])

  await page.getByRole('link', { name: 'Settings' }).click()
  await wish.uncheck()
  await sealOne('three.txt')
  expect(await told()).toHaveLength(1)
})
