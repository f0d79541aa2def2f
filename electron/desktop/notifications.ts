import { Notification } from 'electron'

/** Those on the screen. One that nobody refers to is collected as garbage, and its click with it. */
const shown = new Set<Notification>()

/** Shows it where the system can; `onClick` runs however late the person clicks. */
export function notify(title: string, body: string, onClick: () => void): void {
  if (!Notification.isSupported()) return
  const notification = new Notification({ title, body })
  const forget = (): void => void shown.delete(notification)
  shown.add(notification)
  notification.on('click', () => {
    forget()
    onClick()
  })
  notification.on('close', forget)
  notification.on('failed', forget)
  notification.show()
}
