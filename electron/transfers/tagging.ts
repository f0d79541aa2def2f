import { isCofferError, type ErrorCode } from '../base/errors.ts'

/** How a server says no to tags: without the permission, without the feature, or not under this condition. */
const REFUSALS: ErrorCode[] = ['ACCESS_DENIED', 'UNSUPPORTED', 'INVALID_INPUT']

/**
 * Tags travel with the write itself. Those of the mode are best effort: a server that refuses is asked again without them,
 * and any other reason for its refusal then shows by itself. The object's own are kept, or the write fails.
 */
export async function withTagsIfAllowed<T>(
  tags: { own: Record<string, string>; mode: Record<string, string> },
  write: (tagging: { Tagging?: string }) => Promise<T>,
): Promise<T> {
  const own = tagging(tags.own)
  if (Object.keys(tags.mode).length === 0) return write(own)
  try {
    return await write(tagging({ ...tags.own, ...tags.mode }))
  } catch (error) {
    if (!REFUSALS.some((code) => isCofferError(error, code))) throw error
    return write(own)
  }
}

function tagging(tags: Record<string, string>): { Tagging?: string } {
  return Object.keys(tags).length === 0 ? {} : { Tagging: new URLSearchParams(tags).toString() }
}
