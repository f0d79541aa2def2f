/** What the KMS commands print with `--json`, as far as these tests look at it. */
export interface KeyRow {
  keyId: string
  arn: string
  aliases: string[]
  description: string
  state: string
  manager: string
  spec: string
  usage: string
  deletionAt: string
  objects: number
  rotation: { automatic: boolean; periodDays: number; nextAt: string }
  history: { at: string; kind: string }[]
  tags: Record<string, string>
  policy: { Statement: { Effect: string; Principal: { AWS: string | string[] }; Action: string | string[] }[] }
  kind: string
}

/** What an outcome has to match when a command is refused. */
export function refusal(code: number, failure: string): object {
  return { code, error: { code: failure } }
}
