import { readdirSync } from 'node:fs'
import { dirname, normalize } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const REPOSITORY = 'https://github.com/fastsessions/fastsessions'

const guides = [
  ['Getting started', 'getting-started'],
  ['Sign-in and sign-out', 'sign-in'],
  ['Your devices', 'devices'],
  ['@fastify/passport', 'passport'],
  ['A cart that loses nothing', 'cart'],
  ['Typed sessions', 'typed-sessions'],
  ['Two sessions side by side', 'two-sessions'],
  ['What logging out means', 'logging-out'],
  ['Sockets and streams', 'websockets'],
  ['Testing', 'testing'],
  ['Moving in', 'moving-in'],
  ['From @fastify/session', 'from-fastify-session'],
  ['From secure-session', 'from-secure-session'],
  ['From express-session', 'from-express-session'],
  ['From iron-session', 'from-iron-session'],
  ['From Python', 'from-python'],
  ['Behind proxies', 'proxies'],
  ['Rotating secrets', 'rotating-secrets'],
  ['Acting as another user', 'impersonation'],
  ['Warning before the end', 'timeout-warning'],
  ['Asking again', 'asking-again'],
  ['A limit for each user', 'limits'],
  ['OpenID back-channel logout', 'oidc-logout'],
  ['Audit log, metrics, tracing', 'audit-log'],
  ['A store with ids of its own', 'own-ids'],
  ['Writing a backend', 'own-backend'],
  ['Frameworks around Fastify', 'frameworks'],
  ['Troubleshooting', 'troubleshooting']
]
const reference = [
  ['Options, members, events, errors', 'reference'],
  ['Backends', 'backends'],
  ['Command line', 'cli'],
  ['With other packages', 'integrations'],
  ['Scaling', 'scaling'],
  ['Security', 'security'],
  ['Performance', 'performance'],
  ['Wire format', 'wire-format'],
  ['Architecture', 'architecture'],
  ['Versions and support', 'versioning']
]

const errors = readdirSync(new URL('../../docs/errors', import.meta.url)).map(file => file.replace('.md', '')).sort()
const backends = [
  ['Cookie', 'cookie'],
  ['Memory', 'memory'],
  ['File', 'file'],
  ['Redis and Valkey', 'redis-and-valkey'],
  ['Memcached', 'memcached'],
  ['SQL', 'sql-postgresql-mysql-mariadb-sqlite'],
  ['express-session stores', 'express-session-stores'],
  ['Writing one', 'writing-one']
]

const installed = path => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url))
const itemsOf = (pages, folder) => pages.map(([text, name]) => ({ text, link: `${folder}${name}` }))

export default defineConfig({
  title: 'fastsessions',
  description: 'Sessions for Fastify 5: encrypted cookies, Redis, SQL, Memcached, files',
  srcDir: '../docs',
  outDir: './dist',
  cacheDir: './.vitepress/cache',
  cleanUrls: true,
  lastUpdated: false,
  // The pages lie outside of this package, where no `vue` is installed.
  vite: { resolve: { alias: { 'vue/server-renderer': installed('vue/server-renderer/index.mjs'), vue: installed('vue/dist/vue.runtime.esm-bundler.js') } } },
  // A link that leads nowhere fails the build.
  ignoreDeadLinks: false,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guides', link: '/guides/getting-started' },
      { text: 'Reference', link: '/reference' },
      { text: 'Changes', link: `${REPOSITORY}/blob/main/CHANGELOG.md` }
    ],
    sidebar: [
      { text: 'Guides', items: itemsOf(guides, '/guides/') },
      { text: 'Reference', items: itemsOf(reference, '/') },
      { text: 'Backends', collapsed: true, items: itemsOf(backends, '/backends#') },
      { text: 'Errors', collapsed: true, items: errors.map(code => ({ text: code, link: `/errors/${code}` })) }
    ],
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path`, text: 'Improve this page' }
  },
  markdown: {
    config (markdown) {
      nameFences(markdown)
      leadOutOfDocs(markdown)
    }
  }
})

/** ` ```js run ` tells the tests that a block is a program. For a reader it is JavaScript. */
function nameFences (markdown) {
  const { fence } = markdown.renderer.rules
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    tokens[index].info = tokens[index].info.replace(/^(js|ts) (run|check)$/, '$1')
    return fence(tokens, index, ...rest)
  }
}

/** Links to files beside `docs`, such as the change log, lead to the repository. */
function leadOutOfDocs (markdown) {
  markdown.core.ruler.push('lead-out-of-docs', ({ env, tokens }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href === null || !href.startsWith('../')) continue
      const path = normalize(`docs/${dirname(env.relativePath)}/${href}`)
      if (!path.startsWith('docs/')) token.attrSet('href', `${REPOSITORY}/blob/main/${path}`)
    }
  })
}
