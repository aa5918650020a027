const closers = []

/** Something to close when the tests of a file are done. */
export function closeLater (close) {
  closers.push(close)
}

/** Closes all of it, what came last first. */
export async function closeAll () {
  for (const close of closers.reverse()) await close()
}
