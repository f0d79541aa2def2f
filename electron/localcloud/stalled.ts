import type { IncomingMessage } from 'node:http'

const LOOK_EVERY = 30_000
/** Fewer bytes than this between two looks is a stall; two stalls in a row end the request. */
const LEAST_BYTES = 1024
const STALLS = 2

interface Upload {
  bytes: number
  stalls: number
}

/**
 * Ends requests whose sender has all but stopped, however long an honest upload takes. A sender is not to blame while its
 * data waits here for us.
 */
export function watchUploads(): { watch(request: IncomingMessage): void; stop(): void } {
  const uploads = new Map<IncomingMessage, Upload>()
  const look = (): void => {
    for (const [request, upload] of uploads) {
      const bytes = request.socket.bytesRead
      const ours = request.complete || request.readableLength > 0
      upload.stalls = ours || bytes - upload.bytes >= LEAST_BYTES ? 0 : upload.stalls + 1
      upload.bytes = bytes
      if (upload.stalls >= STALLS) request.socket.destroy()
    }
  }
  const timer = setInterval(look, LOOK_EVERY).unref()
  return {
    watch(request) {
      uploads.set(request, { bytes: request.socket.bytesRead, stalls: 0 })
      request.once('close', () => uploads.delete(request))
    },
    stop: () => clearInterval(timer),
  }
}
