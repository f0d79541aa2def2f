/** A file of the browser, and where it was in what was dropped. */
export interface Found {
  /** With its folders, `/` between. */
  name: string
  file: File
}

/** What was dropped, taken at once: the browser empties the list when the event is over. */
export function entriesOf(drop: DataTransfer): FileSystemEntry[] {
  return [...drop.items]
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null)
}

/** The files at and below an entry. An empty folder is an empty file whose name ends with `/`, as S3 keeps it. */
export async function* filesBelow(entry: FileSystemEntry, above = ''): AsyncGenerator<Found> {
  const name = above + entry.name
  if (entry.isFile) {
    yield { name, file: await fileOf(entry as FileSystemFileEntry) }
    return
  }
  let isEmpty = true
  for await (const child of children(entry as FileSystemDirectoryEntry)) {
    isEmpty = false
    yield* filesBelow(child, `${name}/`)
  }
  if (isEmpty) yield { name: `${name}/`, file: new File([], entry.name) }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject))
}

/** A directory gives its entries in batches, until one is empty. */
async function* children(folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = folder.createReader()
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return
    yield* batch
  }
}
