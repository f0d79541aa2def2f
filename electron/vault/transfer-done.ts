import type { Session } from '../transfers/queue/work.ts'
import type { GetResult, PutResult } from './vault.ts'

/** What came of one item. */
export type TransferDone = ({ kind: 'put' } & PutResult) | ({ kind: 'get' } & GetResult)

/** What of a session is another thing for a put and a get. */
export type TransferKind = Pick<Session<TransferDone>, 'find' | 'perform' | 'recognise' | 'discard'>
