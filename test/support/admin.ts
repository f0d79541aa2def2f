import type { LocalCloud } from './localcloud.ts'
import { send, signHeaders, type WireAnswer } from './signed-fetch.ts'

type Credentials = Pick<LocalCloud, 'accessKeyId' | 'secretAccessKey'>

/** A principal besides the owner, with what it signs with. */
export interface Person extends Credentials {
  arn: string
}

/** Calls `CofferAdmin.*` as the owner, or as someone else. */
export async function callAdmin(
  cloud: LocalCloud,
  action: string,
  input: object,
  credentials: Credentials = cloud,
): Promise<WireAnswer> {
  const headers = { 'x-amz-target': `CofferAdmin.${action}`, 'content-type': 'application/x-amz-json-1.1' }
  const wire = { method: 'POST', path: '/', headers, body: JSON.stringify(input) }
  return send(cloud, await signHeaders(cloud, wire, { service: 'kms', credentials }))
}

export async function createPrincipal(cloud: LocalCloud, Name: string): Promise<Person> {
  const answer = await callAdmin(cloud, 'CreatePrincipal', { Name })
  const made = JSON.parse(answer.body) as { Arn: string; AccessKeyId: string; SecretAccessKey: string }
  return { arn: made.Arn, accessKeyId: made.AccessKeyId, secretAccessKey: made.SecretAccessKey }
}
