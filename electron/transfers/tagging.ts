import { isCofferError, type ErrorCode } from '../base/errors.ts'

/** How a server says no to tags: without the permission, without the feature, or not under this condition. */
const REFUSALS: ErrorCode[] = ['ACCESS_DENIED', 'UNSUPPORTED', 'INVALID_INPUT']

/**
 * Tags are best effort: they travel with the write itself, and a server that refuses is asked again without them. Any
 * other reason for its refusal then shows by itself.
 */
export async function withTagsIfAllowed<T>(
  tags: Record<string, string>,
  write: (tagging: { Tagging?: string }) => Promise<T>,
): Promise<T> {
  if (Object.keys(tags).length === 0) return write({})
  try {
    return await write({ Tagging: new URLSearchParams(tags).toString() })
  } catch (error) {
    if (!REFUSALS.some((code) => isCofferError(error, code))) throw error
    return write({})
  }
}
