/** What stands in place of a server's answer. */
export const INSTEAD = {
  'error 500': xml('500 Internal Server Error', 'InternalError', 'We encountered an internal error. Please try again.'),
  'error 503': xml('503 Slow Down', 'SlowDown', 'Please reduce your request rate.'),
  portal: message('200 OK', 'text/html', '<html><body>Welcome to the hotel. Please accept our terms.</body></html>'),
}

/** S3 may begin an answer with 200 and find out afterwards that it cannot be done (CompleteMultipartUpload, CopyObject). */
export const ERROR_IN_200 = xml('200 OK', 'InternalError', 'We encountered an internal error. Please try again.')

function xml(status: string, code: string, text: string): Buffer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${text}</Message></Error>`
  return message(status, 'application/xml', body)
}

function message(status: string, type: string, body: string): Buffer {
  return Buffer.from(`HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
}
