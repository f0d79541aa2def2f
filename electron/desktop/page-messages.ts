import type { WebContents } from 'electron'

type Channel = 'command' | 'show'

/** Messages to the window's page, kept for as long as no page listens. */
export interface PageMessages {
  send(channel: Channel, message: unknown): void
  /** To be called once for each page: it listens no more when it is loaded again or gone. */
  watch(page: WebContents): void
  /** This page listens on that channel from now on. */
  listens(page: WebContents, channel: Channel): void
}

export function openPageMessages(): PageMessages {
  const listening = new Map<Channel, WebContents>()
  let kept: { channel: Channel; message: unknown }[] = []
  return {
    send(channel, message) {
      const page = listening.get(channel)
      if (page === undefined) kept.push({ channel, message })
      else page.send(channel, message)
    },
    watch(page) {
      const stop = (): void => listening.clear()
      page.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
        if (isMainFrame && !isSameDocument) stop()
      })
      page.on('render-process-gone', stop)
      page.on('destroyed', stop)
    },
    listens(page, channel) {
      listening.set(channel, page)
      const due = kept.filter((one) => one.channel === channel)
      kept = kept.filter((one) => one.channel !== channel)
      for (const { message } of due) page.send(channel, message)
    },
  }
}
