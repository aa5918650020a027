/** The file that has what the main entry exports. */
export const MAIN = 'exports'

const FASTIFY = 'import type {} from \'./types/fastify.cjs\'\n'

/**
 * The declarations of `fastsessions` and `fastsessions/no-global`. For CommonJS the module is the plugin, with everything else on it.
 *
 * @returns texts by name of the file in dist
 */
export function mainDeclarations ({ values, types }) {
  const names = [...values, ...types]
  const commonjs = `import plugin, { ${names.join(', ')} } from './${MAIN}.cjs'

declare function fastsessions (...args: Parameters<typeof plugin>): ReturnType<typeof plugin>
declare namespace fastsessions {
  export { fastsessions as default, fastsessions as sessions, ${names.join(', ')} }
}
export = fastsessions
`
  const module = name => `import fastsessions from './${name}.cjs'

export default fastsessions
export { fastsessions as sessions }
export * from './${MAIN}.cjs'
`
  return {
    'index.d.cts': FASTIFY + commonjs,
    'no-global.d.cts': commonjs,
    'index.d.ts': FASTIFY + module('index'),
    'no-global.d.ts': module('no-global')
  }
}
