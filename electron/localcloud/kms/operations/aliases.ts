import { z } from 'zod'
import { KmsError } from '../../request.ts'
import { authorize, requireOwner } from '../access.ts'
import { findKey, requireNotPending, type Core } from '../core.ts'
import { aliasArn } from '../names.ts'
import { keyIdField, markerFields, operation, page, type Operation } from '../operation.ts'
import type { AliasRecord } from '../store.ts'

const aliasNameField = z
  .string()
  .min(1)
  .max(256)
  .regex(/^alias\/[a-zA-Z0-9/_-]+$/, 'Member must satisfy regular expression pattern: ^alias/[a-zA-Z0-9/_-]+$')

export const aliasOperations: Record<string, Operation> = {
  CreateAlias: operation({ AliasName: aliasNameField, TargetKeyId: keyIdField }, (core, caller, input) => {
    requireOwner(caller, 'kms:CreateAlias', aliasArn(input.AliasName))
    refuseReserved(input.AliasName)
    const key = findKey(core, requireKeyNotAlias(input.TargetKeyId))
    authorize(caller, key, 'kms:CreateAlias')
    requireNotPending(key)
    if (core.store.alias(input.AliasName)) {
      const arn = aliasArn(input.AliasName)
      throw new KmsError('AlreadyExistsException', `An alias with the name ${arn} already exists`)
    }
    const now = core.now()
    core.store.saveAlias({ name: input.AliasName, keyId: key.id, createdAt: now, updatedAt: now })
    return {}
  }),
  UpdateAlias: operation({ AliasName: aliasNameField, TargetKeyId: keyIdField }, (core, caller, input) => {
    requireOwner(caller, 'kms:UpdateAlias', aliasArn(input.AliasName))
    refuseReserved(input.AliasName)
    const alias = existing(core, input.AliasName)
    const key = findKey(core, requireKeyNotAlias(input.TargetKeyId))
    authorize(caller, findKey(core, alias.keyId), 'kms:UpdateAlias')
    authorize(caller, key, 'kms:UpdateAlias')
    requireNotPending(key)
    core.store.saveAlias({ ...alias, keyId: key.id, updatedAt: core.now() })
    return {}
  }),
  DeleteAlias: operation({ AliasName: aliasNameField }, (core, caller, input) => {
    requireOwner(caller, 'kms:DeleteAlias', aliasArn(input.AliasName))
    refuseReserved(input.AliasName)
    const alias = existing(core, input.AliasName)
    authorize(caller, findKey(core, alias.keyId), 'kms:DeleteAlias')
    core.store.deleteAlias(alias.name)
    return {}
  }),
  ListAliases: operation({ KeyId: keyIdField.optional(), ...markerFields(100) }, (core, caller, input) => {
    requireOwner(caller, 'kms:ListAliases')
    const keyId = input.KeyId === undefined ? null : findKey(core, input.KeyId).id
    const { items, more } = page(
      input,
      50,
      (after, limit) => core.store.aliases(after, limit, keyId),
      (alias) => alias.name,
    )
    return { Aliases: items.map(describe), ...more }
  }),
}

function describe(alias: AliasRecord): object {
  return {
    AliasName: alias.name,
    AliasArn: aliasArn(alias.name),
    TargetKeyId: alias.keyId,
    CreationDate: alias.createdAt / 1000,
    LastUpdatedDate: alias.updatedAt / 1000,
  }
}

function existing(core: Core, name: string): AliasRecord {
  const alias = core.store.alias(name)
  if (alias) return alias
  throw new KmsError('NotFoundException', `Alias ${aliasArn(name)} is not found.`)
}

function refuseReserved(name: string): void {
  if (name.startsWith('alias/aws/'))
    throw new KmsError('NotAuthorizedException', 'Aliases under alias/aws/ are reserved.')
}

function requireKeyNotAlias(keyId: string): string {
  if (/(^|:)alias\//.test(keyId)) throw new KmsError('ValidationException', 'Aliases must refer to keys. Not aliases')
  return keyId
}
