import { expect, it } from 'vitest'
import { accountOf, aliasName, kmsKeyName } from '../../../electron/base/kms-names.ts'

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'

it.each([
  ['photos', 'alias/photos'],
  ['alias/photos', 'alias/photos'],
  ['team/photos', 'alias/team/photos'],
  ['aws/s3', 'alias/aws/s3'],
])('the alias %s is %s', (text, name) => {
  expect(aliasName(text)).toBe(name)
})

it.each([
  [ID, ID],
  [`mrk-${ID.replaceAll('-', '')}`, `mrk-${ID.replaceAll('-', '')}`],
  [`arn:aws:kms:eu-central-1:111122223333:alias/photos`, `arn:aws:kms:eu-central-1:111122223333:alias/photos`],
  ['alias/photos', 'alias/photos'],
  ['photos', 'alias/photos'],
  ['1234abcd', 'alias/1234abcd'],
])('the key %s is asked for as %s', (text, name) => {
  expect(kmsKeyName(text)).toBe(name)
})

it('an ARN tells its account', () => {
  expect(accountOf('arn:aws:iam::111122223333:root')).toBe('111122223333')
  expect(accountOf('arn:aws:s3:::bucket')).toBeUndefined()
  expect(accountOf('nothing')).toBeUndefined()
})
