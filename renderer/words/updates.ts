import type { UpdateFailure, UpdateState, UpdatesOff } from '../../electron/api/contract/updates.ts'

const OFF: Record<UpdatesOff, string> = {
  development: 'This is a development build. It does not look for updates.',
  unsigned:
    'This build is not signed, so it does not look for updates. Install a newer version the way you got this one.',
  'by-hand': 'This copy was unpacked by hand, so Coffer cannot replace it. Download the newer archive and unpack it.',
}

const FAILED: Record<UpdateFailure, string> = {
  unreachable: 'Can’t reach the update server. Check your connection, then try again.',
  unusable: 'The update server has no usable list of versions. Try again later.',
  unsigned: 'The list of versions is not signed by Coffer’s makers. Nothing was downloaded.',
  changed: 'The downloaded file is not the one that the signed list names. Coffer removed it. Try again later.',
  busy: 'Transfers are under way. Wait until they end, or pause them, then try again.',
}

/** One or two sentences about where an update is. */
export function updateText(state: UpdateState): string {
  switch (state.kind) {
    case 'off':
      return OFF[state.why]
    case 'idle':
      return 'Coffer looks for updates when you ask it to.'
    case 'checking':
      return 'Looking for a newer version…'
    case 'newest':
      return 'This is the newest version.'
    case 'found':
      return `Version ${state.version} is available.`
    case 'fetching':
      return `Downloading version ${state.version}…`
    case 'ready':
      return `Version ${state.version} is ready. Coffer closes to install it, and starts again.`
    case 'installing':
      return `Installing version ${state.version}…`
    case 'failed':
      return FAILED[state.failure]
  }
}

/** Why the last step did not succeed; undefined if it did. */
export function updateFailure(state: UpdateState): string | undefined {
  return 'failure' in state ? FAILED[state.failure] : undefined
}
