import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import { expect, it } from 'vitest'
import { connectionOf } from '../../../../electron/cloud/choice.ts'
import { openClients } from '../../../../electron/cloud/clients.ts'
import { send } from '../../../../electron/cloud/send.ts'
import { openProxies } from '../../../../electron/cloud/wire/proxy.ts'

const at = (host: string) => ({ secure: true, host, port: 443 })

it('NO_PROXY names hosts and all below them; this machine is never asked for by a proxy', () => {
  const proxies = openProxies(
    undefined,
    { HTTPS_PROXY: 'proxy.test:3128', NO_PROXY: 'nas.test, .corp.test,x.test:9' },
    {},
  )
  const isProxied = (host: string): boolean => proxies.agentFor(at(host)) !== undefined
  expect(['s3.test', 'notnas.test', 'x.test'].map(isProxied)).toEqual([true, true, true])
  expect(['nas.test', 'a.nas.test', 'b.corp.test', '127.0.0.1', 'localhost'].map(isProxied)).not.toContain(true)
  expect(() => openProxies('http://user:secret@proxy.test', {}, {})).toThrow(/user name or a password/)
})

it.each([
  [407, /asks for a user name and a password/],
  [403, /refused to connect to the server \(status 403\)/],
])('a proxy that answers %i is named, and the server is asked through CONNECT', async (status, message) => {
  const connects: string[] = []
  const proxy = createServer().on('connect', (request, socket) => {
    connects.push(request.url ?? '')
    socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const named = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const keys = { kind: 'keys', accessKeyId: 'A', secretAccessKey: 'B' } as const
  const clients = openClients(await connectionOf({ endpoint: 'https://s3.example.test', proxy: named }, keys))
  const asked = send(clients.s3, new HeadBucketCommand({ Bucket: 'box' }), new AbortController().signal)
  await expect(asked).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringMatching(message) as string })
  expect(connects[0]).toBe('s3.example.test:443')
  clients.close()
  proxy.close()
})
