/** One data key for everything: what is measured is what a client does with it. */
const DATA_KEY = Buffer.alloc(32, 7).toString('base64')

interface Asked {
  KeyId?: string
  CiphertextBlob?: string
}

/** Answers the two questions that CSE-KMS asks (AWS KMS API, JSON 1.1); null for any other. */
export function answerKms(operation: string, body: Buffer): string | null {
  const asked = JSON.parse(body.toString()) as Asked
  if (operation === 'GenerateDataKey') {
    const key = arnOf(asked.KeyId ?? '')
    return JSON.stringify({ KeyId: key, Plaintext: DATA_KEY, CiphertextBlob: Buffer.from(key).toString('base64') })
  }
  if (operation === 'Decrypt') {
    const key = Buffer.from(asked.CiphertextBlob ?? '', 'base64').toString()
    return JSON.stringify({ KeyId: key, Plaintext: DATA_KEY, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
  }
  return null
}

function arnOf(key: string): string {
  return key.startsWith('arn:') ? key : `arn:aws:kms:us-east-1:000000000000:key/${key}`
}
