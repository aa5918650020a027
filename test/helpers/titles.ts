import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'

const root = new URL('../../', import.meta.url)

/**
 * Titles of all tests and names of all cases of the conformance kit, each with its files. In a title that is a template, `*`
 * stands for each inserted value.
 */
export function titlesOfTests (): Map<string, string[]> {
  const titles = new Map<string, string[]>()
  for (const folder of ['test', 'lib/testing/cases']) {
    for (const file of readdirSync(new URL(folder, root), { recursive: true }).map(String).filter(file => file.endsWith('.ts'))) {
      const path = `${folder}/${file}`
      for (const title of titlesOf(ts.createSourceFile(path, readFileSync(new URL(path, root), 'utf8'), ts.ScriptTarget.Latest))) {
        titles.set(title, [...titles.get(title) ?? [], path])
      }
    }
  }
  return titles
}

function titlesOf (source: ts.SourceFile): Set<string> {
  const titles = new Set<string>()
  const visit = (node: ts.Node): void => {
    const text = isTest(node) ? node.arguments[0] : isKitCase(node) ? node.initializer : undefined
    const title = text && titleOf(text)
    if (title !== undefined) titles.add(title)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return titles
}

function isTest (node: ts.Node): node is ts.CallExpression {
  return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'test'
}

function isKitCase (node: ts.Node): node is ts.PropertyAssignment {
  return node.kind === ts.SyntaxKind.PropertyAssignment && ts.isIdentifier((node as ts.PropertyAssignment).name) &&
    ((node as ts.PropertyAssignment).name as ts.Identifier).text === 'name'
}

function titleOf (text: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(text)) return text.text
  if (ts.isTemplateExpression(text)) return text.head.text + text.templateSpans.map(({ literal }) => `*${literal.text}`).join('')
  return undefined
}
