export function drawCharts () {}
