import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { CofferError } from '../../../../electron/base/errors.ts'
import { openAway } from '../../../../electron/transfers/queue/away.ts'

test('a server that was away for long is asked at once when the computer wakes up', async () => {
  let isBack = false
  let asked = 0
  const server = createServer((_request, answer) => {
    asked += 1
    answer.writeHead(isBack ? 200 : 503).end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const gone = (): CofferError => new CofferError('SERVER', 'The server does not answer.')
  const away = openAway({
    async probe() {
      if (!(await fetch(`http://127.0.0.1:${port}/`)).ok) throw gone()
    },
    changed: () => undefined,
    gaveUp: () => undefined,
  })
  away.hold(gone())
  const due = (): number => (away.now()?.nextTryAt.getTime() ?? 0) - Date.now()
  // Each wait is longer than the one before it.
  await expect.poll(due, { timeout: 30_000, interval: 20 }).toBeGreaterThan(2_000)
  const [left, before] = [due(), asked]
  isBack = true
  const woken = performance.now()
  away.wake()
  await away.over()
  expect(performance.now() - woken).toBeLessThan(left)
  expect([away.now(), asked]).toEqual([null, before + 1])
})
