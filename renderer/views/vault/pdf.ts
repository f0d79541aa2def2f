import worker from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?url'

/** A preview shows what it is; who wants to read it all saves it. */
const MAX_PAGES = 20

/** CSS pixels. */
const WIDTH = 760

/**
 * Draws the first pages of a PDF into an element, and tells of each. PDF.js comes with the first PDF, not with the window;
 * it compiles nothing from the file's own text. Throws what PDF.js throws for a file that it cannot read.
 */
export async function drawPdf(
  pdf: Blob,
  into: HTMLElement,
  signal: AbortSignal,
  onpage: (canvas: HTMLCanvasElement, pages: number) => void,
): Promise<void> {
  const { getDocument, GlobalWorkerOptions } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  GlobalWorkerOptions.workerSrc = worker
  const task = getDocument({
    data: await pdf.arrayBuffer(),
    enableXfa: false,
    useWasm: false,
    useSystemFonts: true,
  })
  try {
    const document = await task.promise
    for (let number = 1; number <= Math.min(MAX_PAGES, document.numPages) && !signal.aborted; number++) {
      const page = await document.getPage(number)
      const scale = (WIDTH / page.getViewport({ scale: 1 }).width) * Math.min(2, devicePixelRatio)
      const viewport = page.getViewport({ scale })
      const canvas = globalThis.document.createElement('canvas')
      canvas.width = Math.round(viewport.width)
      canvas.height = Math.round(viewport.height)
      await page.render({ canvas, viewport }).promise
      into.append(canvas)
      onpage(canvas, document.numPages)
    }
  } finally {
    await task.destroy()
  }
}
