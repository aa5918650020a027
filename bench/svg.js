/** Small pieces of SVG, readable on a light and on a dark page: no background, and text that follows the reader's theme. */

const WIDTH = 760
const LEFT = 270
const RIGHT = 70
const BAR = 16
const GAP = 5
const OURS = 'ours'
const CUT_TIMES = 2.5

const style = `text { font: 12px system-ui, sans-serif; fill: #3d444d } .title { font-size: 15px; font-weight: 600 } .small { font-size: 11px; fill: #59636e }
.axis { stroke: #d1d9e0; fill: none } .${OURS} { fill: #2f81f7 } .hand { fill: #8b949e } .peer0 { fill: #e3803c } .peer1 { fill: #a371f7 } .peer2 { fill: #3fa66a } .peer3 { fill: #d2578f }
.line { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 4 4 }
@media (prefers-color-scheme: dark) { text { fill: #d1d7e0 } .small { fill: #9198a1 } .axis { stroke: #3d444d } }`

const colours = { [OURS]: '#2f81f7', hand: '#8b949e', peer0: '#e3803c', peer1: '#a371f7', peer2: '#3fa66a', peer3: '#d2578f' }

const escape = text => String(text).replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`)
const text = (x, y, content, { anchor = 'start', className = '' } = {}) => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${className && ` class="${className}"`}>${escape(content)}</text>`

function page (height, { title, subtitle }, body) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">`,
    `<style>${style}</style>`, text(0, 18, title, { className: 'title' }), text(0, 36, subtitle, { className: 'small' }), ...body, '</svg>'
  ].join('\n') + '\n'
}

/** Ours is blue and what is written by hand is grey, everywhere; the others in turn. */
export function classesOf (names) {
  let peers = 0
  return Object.fromEntries(names.map(name => [name, name.startsWith('fastsessions') ? OURS : name.startsWith('by hand') || name.endsWith('alone') ? 'hand' : `peer${peers++ % 4}`]))
}

/**
 * Horizontal bars in groups: `{ label, bars: [{ name, value, low, high }] }`. With `isCut`, one that is far beyond ours is
 * cut off, visibly; with `isApart`, each group has a scale of its own.
 */
export function barChart ({ title, subtitle, groups, digits = 1, isCut = false, isApart = false }) {
  const all = groups.flatMap(({ bars }) => bars)
  const classes = classesOf([...new Set(all.map(({ name }) => name))])
  const body = []
  let y = 52
  for (const { label, bars } of groups) {
    const most = longest(isApart ? bars : all, isCut)
    const scale = value => Math.max(0, Math.min(value, most)) / most * (WIDTH - LEFT - RIGHT)
    if (label !== '') {
      y += 16
      body.push(text(0, y, label, { className: 'small' }))
      y += 8
    }
    for (const { name, value, low, high } of bars) {
      const width = scale(value)
      body.push(text(LEFT - 8, y + BAR - 4, name, { anchor: 'end' }), `<rect class="${classes[name]}" x="${LEFT}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${BAR}" rx="2"/>`)
      if (value > most) body.push(`<path class="axis" stroke-width="3" d="M${LEFT + width - 14} ${y + BAR + 2}l6 -${BAR + 4}"/>`)
      else if (low !== undefined) body.push(`<path class="axis" d="M${(LEFT + scale(low)).toFixed(1)} ${y + BAR / 2}H${(LEFT + scale(high)).toFixed(1)}"/>`)
      body.push(text(LEFT + Math.max(width, value > most ? 0 : scale(high ?? 0)) + 6, y + BAR - 4, format(value, digits)))
      y += BAR + GAP
    }
  }
  return page(y + 8, { title, subtitle }, body)
}

function longest (bars, isCut) {
  const most = Math.max(...bars.map(({ value }) => value), 1e-9)
  const ours = Math.max(...bars.filter(({ name }) => name.startsWith('fastsessions')).map(({ value }) => value))
  return isCut && ours > 0 ? Math.min(most, ours * CUT_TIMES) : most
}

/** Lines over a logarithmic axis: `{ name, points: [[x, y]], className, isDashed }`. `digits` are those of the labels at the left. */
export function lineChart ({ title, subtitle, lines, xName, xLabels, isLogarithmic = false, digits = isLogarithmic ? 0 : 2 }) {
  const [top, bottom, left, right] = [56, 340, 56, 510]
  const points = lines.flatMap(line => line.points)
  const across = between(points.map(([x]) => Math.log(x)), left, right)
  const height = isLogarithmic ? Math.log : value => value
  const up = between([...points.map(([, y]) => height(y)), ...(isLogarithmic ? [] : [0, 1])], bottom, top)
  const body = [`<path class="axis" d="M${left} ${top}V${bottom}H${right}"/>`, text((left + right) / 2, bottom + 34, xName, { anchor: 'middle', className: 'small' })]
  for (const [x, label] of xLabels) body.push(text(across(Math.log(x)), bottom + 16, label, { anchor: 'middle', className: 'small' }))
  for (const y of ticks(points.map(([, value]) => value), isLogarithmic)) {
    const label = text(left - 6, up(height(y)) + 4, format(y, digits), { anchor: 'end', className: 'small' })
    body.push(`<path class="axis" d="M${left} ${up(height(y)).toFixed(1)}H${right}" opacity="0.5"/>`, label)
  }
  lines.forEach(({ name, points, className, isDashed }, index) => {
    const path = points.map(([x, y], n) => `${n === 0 ? 'M' : 'L'}${across(Math.log(x)).toFixed(1)} ${up(height(y)).toFixed(1)}`).join('')
    const y = top + 14 + index * 20
    body.push(`<path class="line${isDashed ? ' dashed' : ''}" stroke="${colours[className]}" d="${path}"/>`, `<path class="line${isDashed ? ' dashed' : ''}" stroke="${colours[className]}" d="M${right + 16} ${y - 4}h24"/>`, text(right + 46, y, name))
  })
  return page(bottom + 46, { title, subtitle }, body)
}

function between (values, start, end) {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return value => start + (value - least) / (most - least || 1) * (end - start)
}

function ticks (values, isLogarithmic) {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  if (isLogarithmic) return [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000].filter(tick => tick >= least && tick <= most)
  const [low, high] = [Math.min(0, least), Math.max(1, most)]
  const step = high - low > 4 ? roundStep((high - low) / 4) : 0.5
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, n) => (first + n) * step)
}

/** The next one that people count in: 1, 2 or 5, and so many zeros. */
function roundStep (least) {
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map(times => times * power).find(step => step >= least)
}

const format = (value, digits) => Math.abs(value) >= 1_000 ? value.toLocaleString('en', { maximumFractionDigits: 0 }) : value.toFixed(digits)
