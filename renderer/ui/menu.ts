/** One line of a menu. */
export interface MenuItem {
  label: string
  run: () => void
  /** As shown to a person: `⌘C`. */
  keys?: string | undefined
  danger?: boolean
  disabled?: boolean
  /** A line above it. */
  apart?: boolean
}
