import { getHeapStatistics, GCProfiler } from 'node:v8'

/**
 * Counts the bytes that a process allocates on the heap of JavaScript, collected ones too: what the heap grew by between
 * two garbage collections, and at the end. Node looks at the heap before and after each collection; there are so few of
 * them that a request costs what it costs uncounted.
 */
export class Allocation {
  #profiler = new GCProfiler()
  #used = usedNow()

  constructor () {
    this.#profiler.start()
  }

  /** Bytes since the construction. Ends the counting. */
  stop () {
    // Before the report of the profiler is made: that allocates, too.
    const end = usedNow()
    let bytes = 0
    let used = this.#used
    for (const { beforeGC, afterGC } of this.#profiler.stop().statistics) {
      bytes += beforeGC.heapStatistics.usedHeapSize - used
      used = afterGC.heapStatistics.usedHeapSize
    }
    return bytes + end - used
  }
}

const usedNow = () => getHeapStatistics().used_heap_size
