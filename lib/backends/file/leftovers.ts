import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { discardEmpty, discardTree, renamed, unless } from './disk.ts'
import { NEW, newAttempt, OLD } from './names.ts'

/**
 * After an hour, a file of a write that has not finished is a leftover: its writer was killed. By the clock of the machine,
 * which also set the time of the file, and not by the option `now`.
 */
export const LEFTOVER_MS = 3_600_000

async function isLeftover (path: string): Promise<boolean> {
  const stats = await unless(stat(path), 'ENOENT')
  return stats !== null && Date.now() - stats.mtimeMs > LEFTOVER_MS
}

/** Deletes data files which killed writers left in the directory of a live session. */
export async function removeLeftovers (directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(directory, name)
    if (await isLeftover(path)) await discardTree(path)
  }
}

/**
 * Deletes the files of an ended session, and its directory. No live session can be hit: a directory without a pointer never
 * gets a pointer again. A new session comes as a prepared directory, whose rename into place fails until the old directory is
 * empty.
 */
export async function removeRemains (directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await discardTree(join(directory, name))
  await discardEmpty(directory)
}

/**
 * Deletes a directory which a killed writer had prepared. The directory is renamed first, so that a writer which is alive
 * after all fails to rename the directory into place.
 */
export async function removePreparation (shard: string, name: string): Promise<void> {
  const path = join(shard, name)
  if (name.startsWith(OLD)) return await discardTree(path)
  if (!name.startsWith(NEW) || !await isLeftover(path)) return
  const claimed = join(shard, OLD + newAttempt())
  if (await renamed(path, claimed)) await discardTree(claimed)
}
