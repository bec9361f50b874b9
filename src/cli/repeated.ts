/**
 * Collects an option that may be given several times: the third argument of commander's `option()`.
 *
 * An option of the form `<name...>` would also swallow the arguments that follow it.
 */
export function repeated(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
