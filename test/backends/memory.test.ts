import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { testBackend } from '../../lib/testing/index.ts'

t.test('the memory backend keeps every promise of a backend', t => testBackend(t, () => new MemoryBackend()))
