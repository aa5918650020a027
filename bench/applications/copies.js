import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('./', import.meta.url))

/** Makes the two copies of an application: as published, and moved. Counts the lines that moving it changes. */
export function makeCopies (application) {
  const folders = { published: makeCopy(application, 'published'), moved: makeCopy(application, 'moved') }
  const changed = { files: 0, added: 0, removed: 0 }
  for (const [file, replacements] of Object.entries(application.patches)) {
    const { added, removed } = patch(join(folders.moved, file), replacements)
    changed.files++
    changed.added += added
    changed.removed += removed
  }
  return { folders, changed }
}

function makeCopy ({ name, copied }, kind) {
  const folder = join(here, 'copies', name, kind)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(join(here, 'hosts', `${name}.js`), join(folder, 'app.js'))
  for (const path of copied.map(each => join('node_modules', each))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(here, path), join(folder, path), { recursive: true })
  }
  return folder
}

/** Replaces texts that must stand in the file exactly once. */
function patch (file, replacements) {
  let text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
  let added = 0
  let removed = 0
  for (const [before, after] of replacements) {
    const found = text.split(before).length - 1
    if (found !== 1) throw new Error(`${file}: expected once, found ${found} times:\n${before}`)
    text = text.replace(before, () => after)
    added += linesOnlyIn(after, before)
    removed += linesOnlyIn(before, after)
  }
  writeFileSync(file, text)
  return { added, removed }
}

function linesOnlyIn (text, other) {
  const others = other.split('\n')
  return text.split('\n').filter(line => {
    const at = others.indexOf(line)
    if (at !== -1) others.splice(at, 1)
    return at === -1
  }).length
}
