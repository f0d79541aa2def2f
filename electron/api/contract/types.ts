import type { InferContractRouterOutputs } from '@orpc/contract'
import type { contract } from '../contract.ts'

/* The contract's own vocabulary, by name: what the window and other clients speak of. */

export type { ErrorCode } from '../../base/errors.ts'
export type { JourneyStep } from '../../base/journey.ts'
export type { ModeId, ObservedMode } from '../../base/mode-names.ts'
export type { Failure } from './common.ts'

type Outputs = InferContractRouterOutputs<typeof contract>

export type BucketEncryption = NonNullable<Outputs['buckets']['encryption']>
export type KnownBucket = Outputs['buckets']['known'][number]
export type PlaceInfo = Outputs['places']['list'][number]
export type ServerReport = Outputs['places']['serverReport']
export type CustomerKeyInfo = Outputs['keys']['list'][number]
export type KmsKeyInfo = Outputs['kms']['list'][number]
export type ActivityEntry = Outputs['activity']['list'][number]
export type Inspection = Outputs['objects']['inspect']
export type ListedEntry = Outputs['objects']['page']['entries'][number]
export type RemovedEntry = Outputs['objects']['removed'] extends AsyncIterable<(infer Entry)[]> ? Entry : never
export type ObjectVersion = Outputs['objects']['versions'][number]
export type TransferItem = Outputs['transfers']['items'][number]
export type TransferRun = Outputs['transfers']['watch'] extends AsyncIterable<{ runs: (infer Run)[] }> ? Run : never
