import { app, nativeImage, type NativeImage } from 'electron'

/** A sheet of paper with a folded corner, 64 by 64 pixels. */
const SHEET = Buffer.from(
  [
    'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAApElEQVR42u3WsQnDQBBEUXWuzIFaVGRwEcYKpMgFnNHtzeH3YfLl',
    'RbsskiQ1tz3Ws9f+HmAKhO+hx+d966ZBqACIRugN8Hru2QgVANEIVQCxCJUAkQjVAHEIIwCiEEYBxCCMBIhAqHqEYt/mJIAhCL0A',
    'fgUDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAH4CUAZAkqbkLuNhc4h5MA40AAAAASUVORK5CYII=',
  ].join(''),
  'base64',
)

/**
 * What the system shows for a file of this kind, else a plain sheet: Electron rejects for a kind without an icon, and begins no
 * drag without one.
 */
export async function dragIcon(path: string): Promise<NativeImage> {
  const icon = await app.getFileIcon(path).catch(() => null)
  return icon === null || icon.isEmpty() ? nativeImage.createFromBuffer(SHEET) : icon
}
