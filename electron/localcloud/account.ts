import type { Principal } from './request.ts'

/** This computer is one account in one region. */
export const REGION = 'us-east-1'
export const ACCOUNT = '000000000000'
export const OWNER_ARN = `arn:aws:iam::${ACCOUNT}:root`
export const OWNER: Principal = { arn: OWNER_ARN, isOwner: true }

export function userArn(name: string): string {
  return `arn:aws:iam::${ACCOUNT}:user/${name}`
}
