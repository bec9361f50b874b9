/** A signal that is aborted when the process is asked to end. */
export interface End {
  readonly signal: AbortSignal;
  /** Gives the process its ordinary signals back. */
  stop(): void;
}

/**
 * SIGTERM and SIGINT end the work after the message in hand; a second one ends the process at once, as the shell
 * expects (128 + the signal's number). Nothing is lost then either: every step can be repeated.
 */
export function endSignal(): End {
  const controller = new AbortController();
  const end = (name: "SIGTERM" | "SIGINT") => {
    if (controller.signal.aborted) process.exit(name === "SIGINT" ? 130 : 143);
    controller.abort();
  };
  const handlers = (["SIGTERM", "SIGINT"] as const).map((name) => [name, () => end(name)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  return {
    signal: controller.signal,
    stop: () => {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
