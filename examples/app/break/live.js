// Adds events to the list as they happen. Without this script, the list is that of the moment when the page was made.
const list = document.querySelector('#events')
new window.EventSource('/break/events').addEventListener('message', ({ data }) => {
  const item = document.createElement('li')
  item.textContent = data
  list.prepend(item)
  while (list.children.length > 20) list.lastElementChild.remove()
})
