/** Octets of the inputs that are compared. A header ends at 1 MiB (`MAIL_LIMITS.headerBytes`): beyond it nothing is read. */
export const SIZES = [10_000, 100_000, 1_000_000, 10_000_000];
export const HEADER_SIZES = SIZES.slice(0, 3);

/** What a stranger can make long, and what reads it: every loop, pattern and sort of the pure rooms is under one of these. */
export interface Shape {
  readonly name: string;
  /** Makes an input of so many octets; what comes back is measured. */
  readonly prepare: (octets: number) => () => void;
  readonly sizes?: readonly number[];
}
