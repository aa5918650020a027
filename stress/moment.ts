/** The time in milliseconds, by a clock that all processes of this machine share and that nobody sets. */
export function moment (): number { return Number(process.hrtime.bigint()) / 1e6 }
