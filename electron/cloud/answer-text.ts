import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ListObjectsCommand, ListObjectsV2Command, ListObjectVersionsCommand } from '@aws-sdk/client-s3'

/**
 * Has the XML of a command's answer read by `read` before the SDK reads it. If that answers text, the SDK is given it in
 * the answer's place; null leaves the answer to the SDK as it is. Only answers with status 200 are read. What `read` throws
 * fails the command.
 */
export function readAnswer(
  command: ListObjectsCommand | ListObjectsV2Command | ListObjectVersionsCommand,
  read: (xml: string) => string | null,
): void {
  const stack = command.middlewareStack as ListObjectsV2Command['middlewareStack']
  stack.add(
    (next) => async (args) => {
      const result = await next(args)
      const response = result.response as { statusCode: number; body: unknown }
      if (response.statusCode !== 200 || !(response.body instanceof Readable)) return result
      const body = await buffer(response.body)
      const instead = read(body.toString())
      response.body = Readable.from([instead === null ? body : Buffer.from(instead)])
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'readAnswer' },
  )
}
