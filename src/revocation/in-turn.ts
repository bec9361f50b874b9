/** Places that are asked one after the other, and the next beside one that is silent. */
import { type AskBudget, PlaceBudget } from "./budget.ts";

/** One place that may have an answer. */
export interface Place {
  /** Null: what is kept, which is looked at in its turn and asks nobody. */
  readonly url: string | null;
  /** Asks there, and puts what comes of it where `isEnough` sees it. Rejects only for what our own surroundings do. */
  ask(budget: AskBudget): Promise<void>;
}

/**
 * Asks place after place until it is enough. A place that was silent for a while is not given up, but the next one is asked
 * beside it: after the budget's time for that, and sooner where so many places are left that the message's time must be
 * shared. Once it is enough, what is still open is ended.
 * @param isSilent told of the places that were silent when they were ended, by an answer or the end of the message's time
 * @throws what a place rejects with
 */
export async function askInTurn(
  places: readonly Place[],
  budget: AskBudget,
  isEnough: () => boolean,
  isSilent: (url: string) => void,
): Promise<void> {
  const open = new Map<Place, Open>();
  const waiting = [...places];
  let latest: Open | null = null;
  try {
    while (!isEnough() && !budget.missed) {
      const next = latest === null || latest.ended || latest.silent ? waiting.shift() : undefined;
      if (next !== undefined) {
        latest = begin(next, budget, waiting.length);
        open.set(next, latest);
      }
      if (open.size === 0 && waiting.length === 0) return;
      const events = [...open.values()].map(({ done }) => done);
      if (latest !== null && !latest.silent && waiting.length > 0) events.push(latest.silence);
      await Promise.race(events);
      for (const [place, one] of open) {
        if (!one.ended) continue;
        open.delete(place);
        // It was silent until the message had no more time.
        if (one.silent && budget.deadline.aborted && place.url !== null) isSilent(place.url);
      }
    }
  } finally {
    for (const [{ url }, one] of open) {
      if (one.silent && url !== null) isSilent(url);
      one.budget.close();
    }
    await Promise.allSettled([...open.values()].map(({ done }) => done));
  }
}

/** A place that is being asked. */
interface Open {
  readonly budget: PlaceBudget;
  readonly done: Promise<void>;
  /** Resolves when the place has been silent for so long that the next is asked, or has ended before. */
  readonly silence: Promise<void>;
  ended: boolean;
  silent: boolean;
}

function begin(place: Place, whole: AskBudget, left: number): Open {
  const budget = new PlaceBudget(whole);
  const patience = Math.min(whole.silenceMilliseconds, whole.millisecondsLeft / (left + 1));
  let timer: NodeJS.Timeout | undefined;
  const started = place.ask(budget);
  const one: Open = {
    budget,
    ended: false,
    silent: false,
    done: started.finally(() => {
      one.ended = true;
      clearTimeout(timer);
      budget.close();
    }),
    silence: new Promise((resolve) => {
      timer = setTimeout(() => {
        one.silent = !one.ended;
        resolve();
      }, patience);
    }),
  };
  return one;
}
