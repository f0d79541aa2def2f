/** What can be shown of a file, and as what. */
export interface PreviewType {
  kind: 'text' | 'image' | 'pdf'
  /** Media type to show it under, out of a closed list; never one that can run anything. */
  mediaType: string
}

/** The first bytes that tell a format (WHATWG, "MIME Sniffing", section 6.1; ISO 32000-1 section 7.5.2 for PDF). */
const MAGIC: readonly { mediaType: string; at: number; bytes: Buffer }[] = [
  { mediaType: 'image/png', at: 0, bytes: Buffer.from('89504e470d0a1a0a', 'hex') },
  { mediaType: 'image/jpeg', at: 0, bytes: Buffer.from('ffd8ff', 'hex') },
  { mediaType: 'image/gif', at: 0, bytes: Buffer.from('GIF87a') },
  { mediaType: 'image/gif', at: 0, bytes: Buffer.from('GIF89a') },
  { mediaType: 'image/webp', at: 8, bytes: Buffer.from('WEBPVP') },
  { mediaType: 'image/avif', at: 4, bytes: Buffer.from('ftypavif') },
  { mediaType: 'image/bmp', at: 0, bytes: Buffer.from('BM') },
  { mediaType: 'application/pdf', at: 0, bytes: Buffer.from('%PDF-') },
]

/**
 * What a file's own bytes say it is; null if it is nothing that can be shown. The Content-Type that an object carries is
 * not asked: whoever can write to the bucket can set it, and HTML and SVG are shown as the text that they are.
 */
export function previewType(bytes: Buffer): PreviewType | null {
  const found = MAGIC.find(({ at, bytes: magic }) => bytes.subarray(at, at + magic.length).equals(magic))
  if (found !== undefined && !(found.mediaType === 'image/bmp' && isText(bytes))) {
    return { kind: found.mediaType === 'application/pdf' ? 'pdf' : 'image', mediaType: found.mediaType }
  }
  return isText(bytes) ? { kind: 'text', mediaType: 'text/plain; charset=utf-8' } : null
}

/** UTF-8 without the control characters that no text has. */
function isText(bytes: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // eslint-disable-next-line no-control-regex -- Control characters are what is looked for.
    return !/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text)
  } catch {
    return false
  }
}
