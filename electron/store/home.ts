import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { CofferError, isCofferError } from '../base/errors.ts'
import { describeLocalFailure } from '../base/local-failure.ts'
import { makeFolderSync } from '../base/make-folder.ts'

/**
 * The folder that holds all of Coffer's own state: `COFFER_HOME`, else where this system keeps such things
 * (XDG Base Directory Specification; Apple's File System Programming Guide; Windows' roaming application data).
 */
export function cofferHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  if (env['COFFER_HOME']) return resolve(env['COFFER_HOME'])
  if (platform === 'win32') return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Coffer')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Coffer')
  // The specification says to ignore a relative path.
  const data = env['XDG_DATA_HOME']
  return join(data && isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'coffer')
}

/** Makes the folder if it is missing, for its owner only, and answers its real path. Throws LOCAL_IO, DISK_FULL. */
export function makeHome(home: string): string {
  try {
    makeFolderSync(home, 0o700)
    return realpathSync.native(home)
  } catch (cause) {
    const failure = describeLocalFailure(cause, home)
    if (isCofferError(failure, 'DISK_FULL')) throw failure
    throw new CofferError('LOCAL_IO', `Coffer's folder ${home} cannot be made.`, {
      cause,
      hint: 'Check who may write there, or choose another folder: COFFER_HOME.',
    })
  }
}

/**
 * Tells apart, in the keychain that they share, the folders one person may have: `default` for the system's own place,
 * else 16 hex characters from the real path. Moving such a folder therefore parts it from its secrets until it is moved back.
 */
export function homeId(realHome: string, platform: NodeJS.Platform = process.platform): string {
  return realHome === systemHome(platform)
    ? 'default'
    : createHash('sha256').update(realHome).digest('hex').slice(0, 16)
}

/** The person's own default folder, whatever HOME and XDG_DATA_HOME say for the moment. */
function systemHome(platform: NodeJS.Platform): string {
  const { homedir: person } = userInfo()
  if (platform === 'win32') return join(person, 'AppData', 'Roaming', 'Coffer')
  if (platform === 'darwin') return join(person, 'Library', 'Application Support', 'Coffer')
  return join(person, '.local', 'share', 'coffer')
}
