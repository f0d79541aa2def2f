import { ACCOUNT, OWNER_ARN, REGION } from '../../account.ts'

/** How S3 names itself in `kms:ViaService`. */
export const S3_SERVICE = `s3.${REGION}.amazonaws.com`

/** AWS's default key policy: the account's owner may do everything, nobody else anything. */
export const DEFAULT_POLICY = JSON.stringify(
  {
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: OWNER_ARN },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  },
  null,
  2,
)

/** AWS's policy of `alias/aws/s3`: everyone in the account may use it through S3, the owner may look at it. */
export const MANAGED_S3_POLICY = JSON.stringify(
  {
    Version: '2012-10-17',
    Id: 'auto-s3-2',
    Statement: [
      {
        Sid: 'Allow access through S3 for all principals in the account that are authorized to use S3',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        Resource: '*',
        Condition: { StringEquals: { 'kms:CallerAccount': ACCOUNT, 'kms:ViaService': S3_SERVICE } },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: OWNER_ARN },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
    ],
  },
  null,
  2,
)
