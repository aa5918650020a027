const BATCH = 200

/** Commands in parallel, so many at a time: a cluster refuses pipelines across slots, and memory has an end. */
export async function inBatches<In, Out> (items: readonly In[], send: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = []
  for (let start = 0; start < items.length; start += BATCH) {
    results.push(...await Promise.all(items.slice(start, start + BATCH).map(send)))
  }
  return results
}
