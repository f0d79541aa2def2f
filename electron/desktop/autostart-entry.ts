/**
 * A program that the desktop starts at login, as a desktop entry: freedesktop.org's Desktop Application Autostart
 * Specification and Desktop Entry Specification. `command` is the program and its arguments; `variables` are set for it.
 */
export function autostartEntry(command: string[], variables: Record<string, string>): string {
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const words = assignments.length === 0 ? command : ['env', ...assignments, ...command]
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Coffer',
    'Comment=Resume transfers after login',
    `Exec=${words.map(quote).join(' ')}`,
    'Icon=coffer',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n')
}

/** False for an entry that the desktop's own settings have switched off. */
export function isEntryOn(entry: string): boolean {
  return !/^(?:Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$/m.test(entry)
}

/** Quoting by the rules for Exec, then by those for string values; `%` begins a field code. */
function quote(word: string): string {
  const quoted = `"${word.replace(/["`$\\]/g, String.raw`\$&`)}"`
  return quoted.replaceAll('\\', String.raw`\\`).replaceAll('%', '%%')
}
