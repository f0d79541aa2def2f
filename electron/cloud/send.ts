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
import { CofferError } from '../base/errors.ts'
import type { Call } from './answer.ts'
import { describeFailure } from './failure.ts'

/**
 * Sends one request and waits for the head of its answer. The only place where Coffer calls S3 or KMS, so that every
 * failure leaves as a CofferError: with its code, a hint, and facts (`status`, `requestId`, `awsCode`, and `bucket`,
 * `key`, `action`, `region` or `kmsKeyId` where they are known). HEAD answers carry no body; what is known of them is
 * `facts.status`. An abort becomes CANCELLED, or the CofferError that is the signal's reason.
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
export async function send(client: Client, command: Command, signal: AbortSignal): Promise<unknown> {
  throwIfAborted(signal)
  try {
    return await client.send(command as never, { abortSignal: signal })
  } catch (error) {
    throwIfAborted(signal)
    throw describeFailure(error, callOf(command))
  }
}

interface Client {
  send(command: never, options: { abortSignal: AbortSignal }): Promise<unknown>
}

interface Command {
  input: object
  schema?: unknown
}

/** Throws what the abort means: the CofferError it was given as reason (another part failed), else CANCELLED. */
export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return
  if (signal.reason instanceof CofferError) throw signal.reason
  throw new CofferError('CANCELLED', 'Cancelled.')
}

/** The operation's name comes from its schema: class names do not survive bundling. */
function callOf(command: Command): Call {
  const name: unknown = Array.isArray(command.schema) ? command.schema[2] : undefined
  return { operation: typeof name === 'string' ? name : 'request', input: command.input as Record<string, unknown> }
}
