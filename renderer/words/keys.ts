import type { CustomerKeyInfo, KmsKeyInfo } from '../../electron/api/contract.ts'

type Own = Pick<CustomerKeyInfo, 'id' | 'name'>
type Kms = Pick<KmsKeyInfo, 'keyId' | 'aliases'>

/**
 * What a person calls the key of an object: its own name, or its first alias without `alias/`. `keyId` is the id of a key
 * of one's own, or a KMS key's id, ARN or alias. Undefined if nobody has named it, or it is not known here.
 */
export function keyName(keyId: string, own: readonly Own[], kms: readonly Kms[]): string | undefined {
  const mine = own.find(({ id }) => id === keyId)
  if (mine !== undefined) return mine.name
  const alias = /(?:^|:)alias\/(.+)$/.exec(keyId)?.[1]
  if (alias !== undefined) return alias
  const bare = keyId.split('/').at(-1)
  return kms.find((key) => key.keyId === bare)?.aliases[0]?.replace(/^alias\//, '')
}
