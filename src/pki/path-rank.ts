import type { PathProblem, PathResult, PathRule } from "./path-result.ts";

/**
 * How far a problem is from being mended, lowest first: a certificate that may be good once somebody fetches a file stands
 * before one that is good for nobody. Between several broken paths the least broken one is shown, so that spare
 * certificates in a stranger's mail never make the answer worse.
 */
const DISTANCE: Readonly<Record<PathRule, number>> = {
  "revocation-unknown": 1,
  "issuer-missing": 2,
  "unknown-ca": 3,
  "issuer-key": 4,
  "self-signed": 5,
  "not-yet-valid": 6,
  expired: 7,
  policy: 8,
  length: 9,
  "key-usage": 10,
  "not-a-ca": 11,
  "name-constraints": 12,
  "critical-extension": 13,
  malformed: 14,
  names: 15,
  revoked: 16,
  algorithm: 17,
  signature: 18,
  budget: 19,
};

/** A path with all that speaks against it as one figure (`PathInput.gravityOf`). */
export interface WeighedPath {
  readonly result: PathResult;
  /** 0: nothing. */
  readonly gravity: number;
}

/**
 * Whether the first path is the better answer. A path to an anchor beats one without, so that nobody's loose end softens
 * what a CA has said; then the one with the milder verdict; then a valid one; then the one whose worst problem is the
 * smaller; then the one with fewer; then the shorter one to an anchor, or the longer one without. Equal: false.
 */
export function isBetterPath(first: WeighedPath, second: WeighedPath): boolean {
  const [one, other] = [first.result, second.result];
  if ((one.anchor === null) !== (other.anchor === null)) return one.anchor !== null;
  if (first.gravity !== second.gravity) return first.gravity < second.gravity;
  if (one.valid !== other.valid) return one.valid;
  const difference = compareProblems(one.problems, other.problems);
  if (difference !== 0) return difference < 0;
  return one.anchor === null ? one.path.length > other.path.length : one.path.length < other.path.length;
}

/** The problems of one path in the order to show them: the gravest first, then from the target up. */
export function byGravity(problems: readonly PathProblem[]): readonly PathProblem[] {
  return [...problems].sort(
    (left, right) => DISTANCE[right.rule] - DISTANCE[left.rule] || left.depth - right.depth,
  );
}

function compareProblems(one: readonly PathProblem[], other: readonly PathProblem[]): number {
  const [left, right] = [distances(one), distances(other)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function distances(problems: readonly PathProblem[]): number[] {
  return problems.map(({ rule }) => DISTANCE[rule]).sort((left, right) => right - left);
}
