/** A signal that is aborted when the process is asked to end. */
export interface End {
  readonly signal: AbortSignal;
  /** The one thing to be done, synchronously, when the process does not end by itself and is ended here. */
  lastly(action: () => void): void;
  /** Gives the process its ordinary signals back. */
  stop(): void;
}

/** Whoever asked us to end waits ten seconds: a container engine kills then. */
const LAST_MS = 9_000;

/**
 * SIGTERM and SIGINT end the work after the message in hand, or, when a server holds us up, after nine seconds. A second one
 * ends the process at once, as the shell expects (128 + the signal's number). Nothing is lost then either: every step
 * can be repeated.
 * @param code with which the process is ended after nine seconds
 */
export function endSignal(code: number): End {
  const controller = new AbortController();
  let last = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  const leave = (exit: number) => {
    last();
    process.exit(exit);
  };
  const end = (name: "SIGTERM" | "SIGINT") => {
    if (controller.signal.aborted) leave(name === "SIGINT" ? 130 : 143);
    controller.abort();
    timer = setTimeout(() => leave(code), LAST_MS);
    timer.unref();
  };
  const handlers = (["SIGTERM", "SIGINT"] as const).map((name) => [name, () => end(name)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  return {
    signal: controller.signal,
    lastly: (action) => {
      last = action;
    },
    stop: () => {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
