import type { CofferClient } from '../../electron/api/client.ts'
import type { Host } from '../host.ts'

export function browserHost(_client: CofferClient): Host {
  throw new Error('to come')
}
