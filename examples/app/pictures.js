import { markup } from './html.js'

/** A picture for each product, drawn here so that a page needs one request. */
const drawings = {
  apples: '<path d="M24 15c-7-6-17-1-16 10 1 9 7 17 12 17 2 0 2-1 4-1s2 1 4 1c5 0 11-8 12-17 1-11-9-16-16-10z" fill="#d8402f"/><path d="M24 15c0-4 1-7 4-9" stroke="#6b4423" stroke-width="2.5" fill="none"/><path d="M26 10c3-4 8-4 10-3-1 3-5 6-10 3z" fill="#4f9d4a"/>',
  bread: '<path d="M6 22c0-7 8-11 18-11s18 4 18 11c0 3-2 5-4 6v10H10V28c-2-1-4-3-4-6z" fill="#b5763a"/><path d="M15 17l4 6M24 16l3 7M33 17l2 5" stroke="#f3d9ae" stroke-width="2.5" fill="none"/>',
  cheese: '<path d="M5 28 38 10c4 3 6 8 6 12L5 28z" fill="#f6cf57"/><path d="M5 28l39-6v14L5 40z" fill="#e8b52f"/><circle cx="16" cy="34" r="3" fill="#c98f13"/><circle cx="30" cy="30" r="4" fill="#c98f13"/><circle cx="33" cy="18" r="2.5" fill="#d9a521"/>',
  honey: '<path d="M12 14h24l3 6v18a5 5 0 0 1-5 5H14a5 5 0 0 1-5-5V20z" fill="#f0a92b"/><rect x="11" y="7" width="26" height="7" rx="2" fill="#7a5230"/><rect x="14" y="24" width="20" height="11" rx="2" fill="#fff3d6"/><path d="M19 29.5h10" stroke="#b06f10" stroke-width="2.5"/>',
  tea: '<path d="M8 19h26v10a11 11 0 0 1-11 11h-4A11 11 0 0 1 8 29z" fill="#5b9b56"/><path d="M34 22h3a5 5 0 0 1 0 10h-4" stroke="#5b9b56" stroke-width="3" fill="none"/><path d="M16 14c-3-4 3-5 0-9M25 14c-3-4 3-5 0-9" stroke="#8fa697" stroke-width="2.5" fill="none"/>',
  flowers: '<path d="M24 26v18M24 38c-6 0-8-4-9-7 6 0 9 3 9 7z" stroke="#4f8a45" stroke-width="2.5" fill="#4f8a45"/><g fill="#f5bd1f"><circle cx="24" cy="8" r="5"/><circle cx="24" cy="26" r="5"/><circle cx="15" cy="17" r="5"/><circle cx="33" cy="17" r="5"/><circle cx="17.5" cy="10.5" r="5"/><circle cx="30.5" cy="10.5" r="5"/><circle cx="17.5" cy="23.5" r="5"/><circle cx="30.5" cy="23.5" r="5"/></g><circle cx="24" cy="17" r="6" fill="#6b4423"/>'
}

export function picture (id) {
  return markup(`<svg class="picture" viewBox="0 0 48 48" aria-hidden="true">${drawings[id]}</svg>`)
}
