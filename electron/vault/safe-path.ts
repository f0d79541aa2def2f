import { join } from 'node:path'
import { CofferError } from '../base/errors.ts'

/** Names that Windows gives to devices, whatever their extension (Microsoft, "Naming Files, Paths, and Namespaces"). */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\..*)?$/i
const WINDOWS_FORBIDDEN = /[<>:"|?*\\\p{Cc}]|[. ]$/u

/**
 * The path of an object's file below `folder`, from its key relative to what was asked for. Whoever may write the bucket
 * chose that key, so one that would leave the folder (`..`, absolute, a drive letter), or that this system would take for
 * something else (a device, a stream, a cut-off name), is refused with INVALID_INPUT, never bent into shape.
 */
export function pathBelow(folder: string, relativeKey: string, platform: NodeJS.Platform = process.platform): string {
  const names = relativeKey.split('/')
  if (!names.every((name) => isPlainName(name, platform))) {
    throw new CofferError('INVALID_INPUT', `“${relativeKey}” cannot be the name of a file here.`, {
      hint: 'Get it alone and name its file yourself: coffer get s3://BUCKET/KEY FILE.',
    })
  }
  return join(folder, ...names)
}

function isPlainName(name: string, platform: NodeJS.Platform): boolean {
  if (name === '' || name === '.' || name === '..' || name.includes('\0')) return false
  return platform !== 'win32' || (!WINDOWS_DEVICE.test(name) && !WINDOWS_FORBIDDEN.test(name))
}

/**
 * What two paths have in common that these systems' disks take for one: Windows and macOS mind neither case nor, on macOS,
 * how an accent is composed. Elsewhere each path is itself.
 */
export function sameFileMark(path: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' || platform === 'darwin' ? path.normalize('NFC').toLowerCase() : path
}
