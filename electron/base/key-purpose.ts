import type { ModeId } from './mode-names.ts'

/**
 * The purpose of a customer key. `cse`: it encrypts files on this computer (CSE-C) and is never sent. `sse-c`: it is sent to
 * servers with each request (SSE-C), so a server knows it, and nothing is encrypted here with it.
 */
export const KEY_PURPOSES = ['cse', 'sse-c'] as const
export type KeyPurpose = (typeof KEY_PURPOSES)[number]

/**
 * What is recorded about a key's purpose. `unused`: the key was made here and its first use decides. `unknown`: the key came
 * from elsewhere without its purpose; it may have encrypted files, so it is not sent until the person says that it is for
 * SSE-C.
 */
export const RECORDED_PURPOSES = [...KEY_PURPOSES, 'unused', 'unknown'] as const
export type RecordedPurpose = (typeof RECORDED_PURPOSES)[number]

/** The purpose that a mode with a customer key needs. */
export function purposeOf(mode: Extract<ModeId, 'sse-c' | 'cse-c'>): KeyPurpose {
  return mode === 'sse-c' ? 'sse-c' : 'cse'
}
