import { expect, test } from 'vitest'
import { openClients } from '../../../../electron/cloud/clients.ts'
import { putObject } from '../../../../electron/cloud/wire/wire.ts'
import { startLyingServer } from '../../../support/lying-s3.ts'
import { bytes, MiB } from '../../transfers/kit.ts'

test('a server that refuses to be asked whether it will have a body gets the body, and is not asked again', async () => {
  const server = await startLyingServer({ refusesExpect: true })
  const clients = openClients(server.connection)
  try {
    for (const Key of ['one', 'two']) {
      const body = bytes(3 * MiB)
      await putObject(
        clients.s3,
        { Bucket: 'box', Key },
        { pieces: [body], length: body.length },
        AbortSignal.timeout(30_000),
      )
      expect(server.at(`box/${Key}`)?.body.equals(body)).toBe(true)
    }
    expect(server.log).toEqual(['EXPECT /box/one', 'PUT /box/one', 'PUT /box/two'])
  } finally {
    clients.close()
    await server.close()
  }
})
