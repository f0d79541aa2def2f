import { expect, test } from 'vitest'
import { describeFailure } from '../../../electron/cloud/failure.ts'

test("a customer's key that a server quotes, wherever in its answer, does not travel on", () => {
  const key = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA='
  const input = { Bucket: 'b', Key: 'k', SSECustomerKey: key }
  const answers = [
    { name: 'InvalidArgument', message: `The key ${key} is bad`, status: 400 },
    { name: `Odd${key}`, message: '', status: 400 },
    { name: 'PermanentRedirect', message: '', status: 301, Region: key },
    { name: 'AccessDenied', message: `not authorized to perform: s3:GetObject on resource: "${key}"`, status: 403 },
    { name: 'Server', message: '', status: 503, requestId: key },
  ]
  for (const { name, message, status, requestId, ...fields } of answers) {
    const $metadata = { httpStatusCode: status, requestId }
    const error = Object.assign(new Error(message), { name, $metadata, ...fields })
    const told = describeFailure(error, { service: 'S3', operation: 'PutObject', input })
    expect(JSON.stringify([told.message, told.hint, told.facts, told.cause, told.stack])).not.toContain(key)
  }
})
