import type { KMSClient, RotationsListEntry } from '@aws-sdk/client-kms'
import {
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms'
import { followPages, nextPlace } from '../paging.ts'
import { send } from '../send.ts'
import { tolerating } from './tolerate.ts'

/** Automatic rotation of one key. */
export interface RotationStatus {
  automatic: boolean
  periodDays: number | undefined
  nextAt: Date | undefined
}

/** One time that a key got new material. */
export interface RotationEvent {
  at: Date | undefined
  kind: 'AUTOMATIC' | 'ON_DEMAND' | undefined
}

/** Undefined where it is not told: the person may not see it, the server lacks it, or the key is AWS's or has no such state. */
export async function rotationStatus(
  kms: KMSClient,
  { keyId, manager, state }: { keyId: string; manager: string; state: string },
  signal: AbortSignal,
): Promise<RotationStatus | undefined> {
  if (manager === 'AWS' || state === 'Unknown' || state === 'PendingDeletion') return undefined
  const status = await tolerating(send(kms, new GetKeyRotationStatusCommand({ KeyId: keyId }), signal))
  if (status === null) return undefined
  return {
    automatic: status.KeyRotationEnabled ?? false,
    periodDays: status.RotationPeriodInDays,
    nextAt: status.NextRotationDate,
  }
}

/** Every rotation so far, oldest first. Throws UNSUPPORTED where the server keeps no such list, KMS_DENIED. */
export async function rotationHistory(kms: KMSClient, keyId: string, signal: AbortSignal): Promise<RotationEvent[]> {
  const entries: RotationsListEntry[] = []
  const what = `the rotations of the KMS key ${keyId}`
  const ask = async (Marker: string | undefined) => {
    const command = new ListKeyRotationsCommand({ KeyId: keyId, Marker })
    const { Rotations = [], Truncated, NextMarker } = await send(kms, command, signal)
    return { rotations: Rotations, next: nextPlace(Truncated, NextMarker || undefined, what) }
  }
  // Two rotations may be of one moment; only where to go on tells a circle.
  for await (const { rotations } of followPages(what, ask, () => undefined)) entries.push(...rotations)
  return entries
    .map(({ RotationDate, RotationType }) => ({ at: RotationDate, kind: RotationType }))
    .sort((a, b) => Number(a.at ?? 0) - Number(b.at ?? 0))
}

/** New material now; what the old one encrypted still decrypts. Throws KMS_KEY_DISABLED, UNSUPPORTED, KMS_DENIED. */
export async function rotateNow(kms: KMSClient, keyId: string, signal: AbortSignal): Promise<void> {
  await send(kms, new RotateKeyOnDemandCommand({ KeyId: keyId }), signal)
}

/** Automatic rotation every 90 to 2,560 days (365 unless told), or none. */
export async function setRotation(
  kms: KMSClient,
  keyId: string,
  { automatic, periodDays }: { automatic: boolean; periodDays: number | undefined },
  signal: AbortSignal,
): Promise<void> {
  if (automatic)
    await send(kms, new EnableKeyRotationCommand({ KeyId: keyId, RotationPeriodInDays: periodDays }), signal)
  else await send(kms, new DisableKeyRotationCommand({ KeyId: keyId }), signal)
}
