import type { Port } from '../../base/parent-port.ts'
import type { CofferError } from '../../base/errors.ts'
import { PATIENCE, notStarting, parseMessage, type StartServer } from './launch.ts'

/**
 * Starts the server where programs are forked by Electron's main process: it forks the server and answers with a port that
 * leads to it, so that the order, with its secrets, passes through nobody else.
 */
export function startOverPort(fork: () => Promise<Port>): StartServer {
  return async (order) => {
    const port = await fork()
    return new Promise((resolve, reject) => {
      const fail = (error: CofferError): void => {
        clearTimeout(timer)
        port.close()
        reject(error)
      }
      const expire = (): void => fail(notStarting('it does not answer'))
      let timer = setTimeout(expire, PATIENCE)
      port.on('close', () => fail(notStarting('it ended')))
      port.on('message', ({ data }) => {
        const message = parseMessage(String(data))
        if (message === null) return fail(notStarting('it answers something else'))
        clearTimeout(timer)
        if ('waitSeconds' in message) timer = setTimeout(expire, message.waitSeconds * 1000)
        else resolve(message)
      })
      port.start()
      port.postMessage(JSON.stringify(order))
    })
  }
}
