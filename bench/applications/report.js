const HEAD = [
  'application', 'sessions before', 'changed lines', 'walk', 'page', 'requests/s before (range)', 'after (range)', 'ratio', 'CPU µs before', 'after'
]

/** All that was found, as Markdown: a table, and what the moved applications do otherwise. */
export function report ({ rounds, requests, machine, versions, applications }) {
  const otherwise = applications.flatMap(({ title, differences }) => {
    return Object.entries(differences).map(([reason, count]) => `- ${title}, ${count} of its answers: ${reason}`)
  })
  return [
    `${rounds} rounds of ${requests} requests, medians; ${words(versions)}; ${words(machine)}`,
    [HEAD, HEAD.map(() => '---'), ...applications.flatMap(rowsOf)].map(cells => `| ${cells.join(' | ')} |`).join('\n'),
    'Where the moved application sends another cookie, or none:',
    otherwise.join('\n')
  ].join('\n\n')
}

function rowsOf ({ title, library, version, sessions, changed, steps, faults, pages }) {
  const about = [`${title} (${library} ${version})`, sessions.join(' '), `+${changed.added} −${changed.removed}`]
  if (faults.length > 0) return [[...about, 'differs', ...Array(HEAD.length - about.length - 1).fill('–')]]
  return Object.entries(pages).map(([page, { throughput, cpu }]) => [
    ...about,
    `${steps} of ${steps}`,
    `\`${page}\``,
    ranged(throughput.published),
    ranged(throughput.moved),
    throughput.ratio.median.toFixed(2),
    whole(cpu.published.median),
    whole(cpu.moved.median)
  ])
}

const words = entries => Object.entries(entries).map(([key, value]) => `${key} ${value}`).join(', ')
const ranged = ({ median, min, max }) => `${whole(median)} (${whole(min)}–${whole(max)})`
const whole = value => Math.round(value).toLocaleString('en')
