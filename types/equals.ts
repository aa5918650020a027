/** Whether two types are identical; `any` equals nothing but itself. */
export type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

type Proof<A, B> = Equals<A, B> extends true ? [] : ['these types differ', A, B]

/** Compiles only when both types are identical. */
export function same<A, B> (..._proof: Proof<A, B>): void {}

/** The same for a value: `exactly<string>().is(value)`. */
export function exactly<A> (): { is: <B>(value: B, ...proof: Proof<A, B>) => void } {
  return { is: () => {} }
}

/** Does nothing with values. */
export function use (..._values: unknown[]): void {}

same<string, string>()
exactly<string | undefined>().is(process.env['HOME'])
// @ts-expect-error they differ
same<string, number>()
// @ts-expect-error `any` does not pass for everything
same<string, any>()
// @ts-expect-error it is narrower
exactly<string | number>().is('text' as string)
