import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { discardEmpty, discardTree, renamed, unless } from './disk.ts'
import { NEW, newAttempt, OLD } from './names.ts'

/**
 * A file of a write that has not ended for so long is nobody's any more: whoever wrote it was killed. By the clock of
 * the machine, which wrote the file's time too.
 */
export const LEFTOVER_MS = 3_600_000

async function isLeftover (path: string): Promise<boolean> {
  const stats = await unless(stat(path), 'ENOENT')
  return stats !== null && Date.now() - stats.mtimeMs > LEFTOVER_MS
}

/** Deletes data files that killed writers left in the directory of a live session. */
export async function removeLeftovers (directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(directory, name)
    if (await isLeftover(path)) await discardTree(path)
  }
}

/**
 * Deletes what is left of a session that has ended, and its directory. A directory without a pointer never gets one
 * again, but by a new session's directory that takes its place; and that only does so while this one is empty.
 */
export async function removeRemains (directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await discardTree(join(directory, name))
  await discardEmpty(directory)
}

/** Deletes a directory that a killed process had prepared. Renamed first: its owner, should it still live, finds it gone. */
export async function removePreparation (shard: string, name: string): Promise<void> {
  const path = join(shard, name)
  if (name.startsWith(OLD)) return await discardTree(path)
  if (!name.startsWith(NEW) || !await isLeftover(path)) return
  const claimed = join(shard, OLD + newAttempt())
  if (await renamed(path, claimed)) await discardTree(claimed)
}
