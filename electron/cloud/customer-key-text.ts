import type { S3Client } from '@aws-sdk/client-s3'

const FIELDS = ['SSECustomerKey', 'CopySourceSSECustomerKey'] as const

type Held = Partial<Record<(typeof FIELDS)[number], unknown>>

/**
 * Keeps the SDK from decoding customers' keys. It does so to compute their MD5, which Coffer always gives, and the bytes
 * would then lie about in memory until something else is written there. So the keys step aside while requests are
 * prepared, and are back in time to become headers.
 */
export function keepCustomerKeysText(s3: S3Client): void {
  const aside = new WeakMap<object, Held>()
  s3.middlewareStack.add(
    (next, context) => (args) => {
      const input: Held = { ...(args.input as Held) }
      const held: Held = {}
      for (const field of FIELDS) {
        if (input[field] === undefined) continue
        held[field] = input[field]
        input[field] = undefined
      }
      aside.set(context, held)
      return next({ ...args, input: input as typeof args.input })
    },
    { step: 'initialize', priority: 'high', name: 'setCustomerKeysAside' },
  )
  s3.middlewareStack.add(
    (next, context) => (args) => next({ ...args, input: { ...args.input, ...aside.get(context) } }),
    { step: 'serialize', priority: 'high', name: 'bringCustomerKeysBack' },
  )
}
