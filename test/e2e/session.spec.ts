import { join, resolve } from 'node:path'
import { writeStartPage } from '../../electron/loopback/start-page.ts'
import { start } from '../support/run.ts'
import { windowAddress } from '../support/window-address.ts'
import { startOtherAccount } from './support/other-account.ts'
import { openBucket, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

/* A window in a browser belongs to the tab that it was opened in. */

test.beforeEach(() => {
  test.skip(test.info().project.name === 'desktop', 'the desktop app has no session in a browser')
})

test('another account’s server on this machine gets the cookie, and nothing of the window', async ({
  page,
  window,
}) => {
  await tryHere(page)
  const other = await startOtherAccount(window.address)
  try {
    const visited = await page.context().newPage()
    await visited.goto(other.endpoint)
    await expect.poll(async () => (await other.seen()).page).toBeDefined()
    const { uid, cookie, program, page: fromPage } = await other.seen()
    if (process.getuid?.() === 0) expect(uid).not.toBe(0)
    // This is why a cookie alone is not enough.
    expect(cookie).toMatch(new RegExp(`^coffer-${new URL(window.address).port}=[\\w-]{43}$`))
    expect(program).toEqual({
      // They are the same for everybody, and hold nothing of the person.
      files: 200,
      socket: 403,
      'socket with a guess': 403,
      'drop line': 403,
      'drop line with a guess': 403,
    })
    expect(fromPage).toEqual({ at: '/', socket: 'refused', read: 'refused', send: 'refused', secrets: 0 })
    await visited.close()

    // The tab of the window goes there too, and comes back.
    await page.goto(`${other.endpoint}/storage`)
    await expect.poll(async () => (await other.seen()).page).toEqual({ at: '/storage', secrets: 0 })
    await page.goBack()
    await openBucket(page, 'vault')
  } finally {
    await other.stop()
  }
})

test('a window that is loaded again is the same window, also one that began with a page on disk', async ({
  page,
  window,
}) => {
  await tryHere(page)
  await page.reload()
  await openBucket(page, 'vault')

  // As `coffer open` starts a browser. One more window opens by it, and the first one stays.
  const again = start(process.execPath, [resolve('dist/cli.js'), 'open', '--no-browser', '--json'], {
    env: { COFFER_HOME: window.home },
  })
  const { href } = await windowAddress(again)
  const file = await writeStartPage(join(window.person, 'start.html'), href)
  const second = await page.context().newPage()
  await second.goto(file.url)
  await openBucket(second, 'vault')
  await second.reload()
  await openBucket(second, 'vault')
  expect(second.url()).not.toContain('token')
  await second.close()
  await again.ended
  await page.reload()
  await openBucket(page, 'vault')
})

test('a second tab says that it is not connected, and how one is', async ({ page, window }) => {
  await tryHere(page)
  const second = await page.context().newPage()
  const requests: string[] = []
  second.on('request', (request) => requests.push(request.url()))
  second.on('websocket', (socket) => requests.push(socket.url()))
  await second.goto(window.address)
  await expect(second.getByRole('heading', { name: 'This tab is not connected to Coffer' })).toBeVisible()
  await expect(second.getByText('coffer open')).toBeVisible()
  expect(requests.filter((url) => url.startsWith('ws:'))).toEqual([])

  // A secret that is none opens nothing either.
  await second.evaluate(`sessionStorage.setItem('coffer-session', 'a'.repeat(43))`)
  await second.reload()
  await expect(second.getByRole('heading', { name: 'This tab is not connected to Coffer' })).toBeVisible()
  await second.close()
  await openBucket(page, 'vault')
})
