import type { Operation } from '../operation.ts'
import { aliasOperations } from './aliases.ts'
import { ciphertextOperations } from './ciphertexts.ts'
import { dataKeyOperations } from './data-keys.ts'
import { deletionOperations } from './deletion.ts'
import { keyOperations } from './keys.ts'
import { policyOperations } from './policies.ts'
import { rotationOperations } from './rotation.ts'
import { tagOperations } from './tags.ts'

/** Every action of the KMS JSON API that is served here, by name. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    ...aliasOperations,
    ...ciphertextOperations,
    ...dataKeyOperations,
    ...deletionOperations,
    ...keyOperations,
    ...policyOperations,
    ...rotationOperations,
    ...tagOperations,
  }),
)
