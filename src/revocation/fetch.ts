/** Bytes from a stranger's URL, under all rules of PRODUCT §5. What happens on the way is a value, never an exception. */
import type { AskBudget } from "./budget.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { fetchableUrl } from "./fetchable-url.ts";
import { type Fetched, type FetchFailure, type FetchRequest, failure } from "./fetched.ts";
import { MAX_REDIRECTS } from "./limits.ts";
import { type Network, routeTo } from "./route.ts";

/**
 * Fetches one URL. Redirects are followed under the same rules. From https to http too, unless the request demands https:
 * what CAs publish about revocation is signed, so the transport has nothing to protect, and CRLs must be had without TLS
 * anyway (RFC 5280 §8).
 */
export async function fetchUrl(request: FetchRequest, network: Network, budget: AskBudget): Promise<Fetched> {
  const { httpsOnly = false } = request;
  let asked = request;
  let url = fetchableUrl(request.url, { httpsOnly });
  let away = false;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    if (typeof url === "string") return failure(redirects === 0 ? "url" : "redirect", url);
    if (budget.deadline.aborted) return failure("budget", "no time is left");
    if (!(await budget.takeRequest(url))) return failure("budget", "too many requests for one message");
    const answer = await hop(url, asked, network, budget);
    if ("wantsGet" in answer) {
      // RFC 5019 §5, RFC 6960 appendix A.1: the same question, as a GET at the place that was asked first.
      const get = asked.post?.asGet ?? null;
      if (get === null) return answer.wantsGet;
      asked = { ...request, post: null };
      url = fetchableUrl(get, { httpsOnly });
      away = false;
    } else if ("location" in answer) {
      url = fetchableUrl(answer.location, { base: url, httpsOnly });
      away = true;
    } else {
      return away && !answer.ok ? behindRedirect(answer, url) : answer;
    }
  }
  return failure("redirect", `over ${MAX_REDIRECTS} redirects`);
}

/** Who reads of a failure knows the first host, and must learn which other one it was. */
function behindRedirect({ why, detail }: FetchFailure, { host }: URL): FetchFailure {
  return { ...failure(why, `${detail}, redirected to ${host}`), behindRedirect: true };
}

/** One exchange within its time, the look-up of the name included. */
async function hop(url: URL, request: FetchRequest, network: Network, budget: AskBudget): Promise<Exchange> {
  // Not AbortSignal.any over AbortSignal.timeout: Node 20 lets go of such signals while a body is still dripping in.
  const controller = new AbortController();
  const end = (): void => controller.abort();
  const timer = setTimeout(end, budget.exchangeMilliseconds);
  budget.deadline.addEventListener("abort", end, { once: true });
  try {
    const route = await Promise.race([routeTo(url, network), expiry(controller.signal)]);
    return "ok" in route ? route : await exchange(url, route, request, budget, controller.signal);
  } finally {
    clearTimeout(timer);
    budget.deadline.removeEventListener("abort", end);
  }
}

/** Resolves to a failure when the signal fires; for what cannot be ended itself. */
export function expiry(signal: AbortSignal): Promise<FetchFailure> {
  const late = failure("timeout", "no answer in time");
  if (signal.aborted) return Promise.resolve(late);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(late), { once: true }));
}
