// The changes that are tried in a file, one at a time.
import ts from 'typescript'

/** What each operator becomes. */
const OPERATORS = {
  '<': ['<=', '>'],
  '<=': ['<', '>'],
  '>': ['>=', '<'],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '+=': ['-='],
  '-=': ['+=']
}
/** The statements that are left out. */
const STATEMENTS = [ts.isExpressionStatement, ts.isReturnStatement, ts.isThrowStatement, ts.isBreakOrContinueStatement]
const OPPOSITES = { 'Math.min': 'Math.max', 'Math.max': 'Math.min' }

export function mutationsOf (file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ESNext, true)
  const mutations = []
  const add = (node, text) => {
    const start = node.getStart(tree)
    const { line, character } = tree.getLineAndCharacterOfPosition(start)
    mutations.push({ start, end: node.getEnd(), text, line: line + 1, column: character + 1 })
  }
  visit(tree)
  return mutations

  function visit (node) {
    // A change of types changes nothing at run time.
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isImportDeclaration(node)) return
    if (ts.isBinaryExpression(node)) for (const other of OPERATORS[node.operatorToken.getText(tree)] ?? []) add(node.operatorToken, other)
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) add(node, node.operand.getText(tree))
    if (ts.isIfStatement(node) || ts.isWhileStatement(node)) for (const value of ['true', 'false']) add(node.expression, value)
    if (ts.isConditionalExpression(node)) for (const value of ['true', 'false']) add(node.condition, value)
    if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false')
    if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true')
    if (ts.isNumericLiteral(node)) for (const step of [1, -1]) add(node, `(${Number(node.text.replaceAll('_', '')) + step})`)
    if ((ts.isStringLiteral(node) && node.text !== '') || ts.isTemplateExpression(node)) add(node, '\'\'')
    if (ts.isPropertyAccessExpression(node) && node.getText(tree) in OPPOSITES) add(node, OPPOSITES[node.getText(tree)])
    // To remove a `break` may make a loop endless: that counts as noticed, by the time limit.
    if (STATEMENTS.some(isKind => isKind(node))) add(node, ';')
    ts.forEachChild(node, visit)
  }
}
