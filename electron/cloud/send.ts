import type {
  $Command as S3Command,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes as S3Input,
  ServiceOutputTypes as S3Output,
} from '@aws-sdk/client-s3'
import type {
  $Command as KmsCommand,
  KMSClient,
  KMSClientResolvedConfig,
  ServiceInputTypes as KmsInput,
  ServiceOutputTypes as KmsOutput,
} from '@aws-sdk/client-kms'
import { throwIfAborted } from '../base/abort.ts'
import type { Call } from './answer.ts'
import { requireBucketAddress } from './bucket-address.ts'
import { explained } from './explain-head.ts'
import { describeFailure } from './failure.ts'
import { kmsOf } from './kms/regional.ts'

export { throwIfAborted }

/**
 * Sends one request by the SDK and waits for the head of its answer. Every failure leaves as a CofferError: with its code, a
 * hint, and facts (`status`, `requestId`, `awsCode` and `serverMessage` as the server said them, and `bucket`, `key`,
 * `action`, `region` or `kmsKeyId` where they are known). Where HEAD is refused, one more request asks for the reason
 * (explain-head.ts). An abort becomes CANCELLED, or the CofferError that is the signal's reason.
 */
export function send<Input extends S3Input, Output extends S3Output>(
  client: S3Client,
  command: S3Command<Input, Output, S3ClientResolvedConfig, S3Input, S3Output>,
  signal: AbortSignal,
): Promise<Output>
export function send<Input extends KmsInput, Output extends KmsOutput>(
  client: KMSClient,
  command: KmsCommand<Input, Output, KMSClientResolvedConfig, KmsInput, KmsOutput>,
  signal: AbortSignal,
): Promise<Output>
export async function send(client: S3Client | KMSClient, command: Command, signal: AbortSignal): Promise<unknown> {
  throwIfAborted(signal)
  const call = callOf(command)
  if (call.service === 'S3') await requireBucketAddress(client as S3Client, call.input.Bucket)
  try {
    const asked = call.service === 'KMS' ? await kmsOf(client as KMSClient, call.input) : client
    return await (asked as Client).send(command as never, { abortSignal: signal })
  } catch (error) {
    throwIfAborted(signal)
    const failure = describeFailure(error, call)
    throw call.service === 'S3' ? await explained(client as S3Client, call, failure, signal) : failure
  }
}

interface Client {
  send(command: never, options: { abortSignal: AbortSignal }): Promise<unknown>
}

interface Command {
  input: object
  schema?: unknown
}

/** Service and operation come from the command's schema: class names do not survive bundling. */
function callOf(command: Command): Call {
  const [, namespace, name] = (Array.isArray(command.schema) ? command.schema : []) as unknown[]
  return {
    service: namespace === 'com.amazonaws.kms' ? 'KMS' : 'S3',
    operation: typeof name === 'string' ? name : 'request',
    input: command.input as Record<string, unknown>,
  }
}
