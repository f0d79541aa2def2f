import {
  AppImageUpdater,
  DebUpdater,
  MacUpdater,
  NsisUpdater,
  Provider,
  RpmUpdater,
  type AppUpdater,
  type ResolvedUpdateFileInfo,
  type UpdateInfo,
} from 'electron-updater'
import { parseUpdateInfo, resolveFiles, type ProviderRuntimeOptions } from 'electron-updater/out/providers/Provider.js'
import { isFeedSigned } from './feed-signature.ts'
import type { Feed, Package } from './update-facts.ts'

/* electron-updater (https://www.electron.build/auto-update), over a feed whose lists are signed. Loaded when a person asks. */

/** The list of the newest version is not signed by whoever made this one. */
export class UnsignedListError extends Error {}

/** A folder on a web server: latest*.yml with its signature, and the files that it names. */
class SignedFeed extends Provider<UpdateInfo> {
  readonly #feed: Feed
  readonly #base: URL

  constructor(feed: Feed, options: ProviderRuntimeOptions) {
    super(options)
    this.#feed = feed
    this.#base = new URL(feed.url.endsWith('/') ? feed.url : `${feed.url}/`)
  }

  /** electron-updater would send a number that is this installation's own with every request. */
  override setRequestHeaders(): void {
    super.setRequestHeaders({ 'cache-control': 'no-cache' })
  }

  async getLatestVersion(): Promise<UpdateInfo> {
    const name = `${this.getDefaultChannelName()}.yml`
    const url = new URL(name, this.#base)
    const list = await this.httpRequest(url)
    const signature = await this.httpRequest(new URL(`${name}.sig`, this.#base))
    if (!isFeedSigned(Buffer.from(list ?? ''), signature ?? '', this.#feed.key)) throw new UnsignedListError()
    return parseUpdateInfo(list, name, url)
  }

  resolveFiles(info: UpdateInfo): ResolvedUpdateFileInfo[] {
    return resolveFiles(info, this.#base)
  }
}

const UPDATERS: Record<Package, new () => AppUpdater> = {
  deb: DebUpdater,
  rpm: RpmUpdater,
  appimage: AppImageUpdater,
  mac: MacUpdater,
  windows: NsisUpdater,
}

/** Does nothing by itself: a person asks for each step. */
export function makeUpdater(kind: Package, feed: Feed): AppUpdater {
  const updater = new UPDATERS[kind]()
  updater.logger = null
  updater.autoDownload = false
  updater.autoInstallOnAppQuit = false
  updater.isUserWithinRollout = () => true
  // Whoever calls hears of failures by its promise; an event that nobody heard would end this process.
  updater.on('error', () => undefined)
  updater.setFeedURL({
    provider: 'custom',
    updateProvider: class extends SignedFeed {
      constructor(_configuration: unknown, _updater: AppUpdater, options: ProviderRuntimeOptions) {
        super(feed, options)
      }
    },
  })
  return updater
}
