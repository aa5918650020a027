export async function run () {}
