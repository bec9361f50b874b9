import type { Kind, Raw } from "./kind.ts";

/** One key: what it takes, what holds when it is absent, and what an administrator reads about it. */
export interface Key<T> {
  readonly kind: Kind<T>;
  /** `recommended` keys are null when absent, and written out in the example all the same. */
  readonly presence: "required" | "default" | "recommended" | "optional";
  /** What holds when it is absent, as it would be written; null when nothing does. */
  readonly fallback: Raw | null;
  /** As the example writes it; null shows the default. */
  readonly example: Raw | null;
  readonly doc: string;
}

/** One table of the file. */
export interface Table {
  readonly doc: string;
  readonly keys: Readonly<Record<string, Key<unknown>>>;
}

export function required<T>(kind: Kind<T>, example: Raw, doc: string): Key<T> {
  return { kind, presence: "required", fallback: null, example, doc };
}

export function byDefault<T>(kind: Kind<T>, fallback: Raw, doc: string, example: Raw | null = null): Key<T> {
  return { kind, presence: "default", fallback, example, doc };
}

export function recommended<T>(kind: Kind<T>, example: Raw, doc: string): Key<T | null> {
  return { kind, presence: "recommended", fallback: null, example, doc };
}

export function optional<T>(kind: Kind<T>, example: Raw, doc: string): Key<T | null> {
  return { kind, presence: "optional", fallback: null, example, doc };
}
