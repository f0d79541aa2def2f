const ALIAS = 'alias/'

/** A key id of KMS: a UUID, or `mrk-` and 32 hex digits for a multi-Region key (AWS KMS API, KeyMetadata). */
const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i

/** `alias/NAME`, whether it was given with its `alias/` or without. */
export function aliasName(text: string): string {
  return text.startsWith(ALIAS) ? text : ALIAS + text
}

/** What KMS takes as a KeyId: an id, an ARN or an alias as they are; any other word is an alias without its `alias/`. */
export function kmsKeyName(text: string): string {
  return KEY_ID.test(text) || text.startsWith('arn:') ? text : aliasName(text)
}

/** The account number in an ARN (its fifth field), or undefined where there is none. */
export function accountOf(arn: string): string | undefined {
  const account = arn.split(':')[4]
  return account === undefined || account === '' ? undefined : account
}
