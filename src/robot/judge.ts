import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import {
  type KnownWord,
  NO_HELP,
  type PathHelp,
  type PathToAsk,
  type RevocationJudgement,
  type TrustMaterial,
} from "../inspect/index.ts";
import type { Log } from "../log.ts";
import type { Policy } from "../policy.ts";
import type { ReadProblem } from "../read/index.ts";
import type { RevocationAnswers } from "../revocation/index.ts";
import { CrlShelf } from "./crl-shelf.ts";
import type { Gathered } from "./gather.ts";
import type { FromJudge, ToJudge } from "./judge-process.ts";
import { CHANNEL_BYTES, RAW_DESCRIPTOR } from "./raw-descriptor.ts";

/** What one message may cost. */
export interface JudgeLimits {
  readonly seconds: number;
  /** Bytes of memory of one judge process. */
  readonly memory: number;
}

/** What the judge says of one message: what was gathered, or why it was ended over it. */
export type Judgement = { readonly kind: "gathered"; readonly gathered: Gathered } | Ended | GivenUp;

/** What the judge says of the answers to a message's questions. */
export type JudgementOfAnswers =
  | { readonly kind: "judged"; readonly judgements: readonly RevocationJudgement[] }
  | Ended
  | GivenUp;

/** The CA certificates among what a URL has given, DER, when one of them has signed the certificate; else none. */
export type IssuersRead =
  | { readonly kind: "read"; readonly certificates: readonly Uint8Array[] }
  | Ended
  | GivenUp;

interface Ended {
  readonly kind: "ended";
  readonly problem: ReadProblem;
}

/** The judge was closed before it could say anything. */
interface GivenUp {
  readonly kind: "given-up";
}

export interface Judge {
  /** Sets what the following messages are judged by; telling the same policy and trust version again costs nothing. */
  bench(policy: Policy, trust: TrustMaterial): void;
  /**
   * Judges one message; waits for a free process. Never rejects for anything that a message does.
   * @param help what was found out since it was judged first
   */
  judge(raw: Uint8Array, at: Date, internalDate: Date | null, help?: PathHelp): Promise<Judgement>;
  /**
   * Judges what CAs have answered about a message's paths, with what they have said before; as `judge`.
   * @param beside DER of certificates that came along, one of which may have signed a CRL
   * @param at not before the answers came
   */
  judgeAnswers(
    paths: readonly PathToAsk[],
    answers: Omit<RevocationAnswers, "signers"> & { readonly known: readonly KnownWord[] },
    beside: readonly Uint8Array[],
    at: Date,
  ): Promise<JudgementOfAnswers>;
  /**
   * Reads what a stranger's URL has given for the issuer of a certificate; as `judge`.
   * @param certificate DER
   */
  readIssuers(bytes: Uint8Array, certificate: Uint8Array): Promise<IssuersRead>;
  /** Ends the processes; what is still being judged, or comes later, is given up. */
  close(): void;
}

/** One thing to be judged, and who waits for it. */
interface Job {
  /** What is sent; made anew for each process, which may hold some of it. */
  readonly request: (shelf: CrlShelf) => ToJudge;
  /** What goes through the pipe beside the request: the message that it is about, where the request does not hold it. */
  readonly raw: Uint8Array | null;
  /** Bytes, for the log. */
  readonly size: number;
  /** How long it may take, when that is less than what one message may. */
  readonly seconds?: number;
  readonly done: (answer: Exclude<FromJudge, { readonly type: "ready" }> | Ended | GivenUp) => void;
  /** Processes that had it so far. */
  attempts: number;
}

interface Bench {
  readonly policy: Policy;
  readonly trust: TrustMaterial;
}

/** What the child runs, as it is built; seen from the robot's room, or from where a build has put this one. */
const ENTRY = fileURLToPath(new URL("../robot/judge-process.js", import.meta.url));

/**
 * A process that died without a cause that we know (a native crash, the kernel, an admin) may have died of something
 * else: the job is given to a third one before it is set aside.
 *
 * A limit of ours ends it for good at once. The same bytes take as long every time, and three times `judge_seconds` would
 * let one mail keep a seat for a minute; the memory limit alone is tried once more, in a fresh process, when it was reached
 * in one that still held what it had judged before.
 */
const ATTEMPTS = 3;

/** What a URL has given is at most 256 KiB, read in milliseconds; who makes it take longer has seen to that. */
const ISSUERS_SECONDS = 2;

/** How often a working process's memory is looked at. */
const WATCH_MS = 100;

/** Two processes keep two cores busy; more would only cost memory, since fetching and committing want one too. */
const PROCESSES = Math.min(2, availableParallelism());

/**
 * Starts a pool of judge processes; each is started when it is first needed, and anew after it was ended.
 * @param entry the script that a child runs
 */
export function startJudge(limits: JudgeLimits, log: Log, entry: string = ENTRY): Judge {
  const seats = Array.from({ length: PROCESSES }, () => new Seat(limits, log, entry, next));
  const queue: Job[] = [];
  let bench: Bench | null = null;
  let closed = false;

  function enter(job: Job): void {
    if (closed) {
      job.done({ kind: "given-up" });
      return;
    }
    queue.push(job);
    next();
  }

  function next(): void {
    for (const seat of seats) {
      const job = seat.free ? queue.shift() : undefined;
      if (job !== undefined && bench !== null) seat.work(job, bench);
    }
  }

  return {
    bench(policy, trust) {
      if (bench?.policy === policy && bench.trust.version === trust.version) return;
      bench = { policy, trust };
      // The first message is not to wait for a process to start.
      seats[0]?.prepare(bench);
    },
    judge(raw, at, internalDate, help = NO_HELP) {
      if (bench === null) throw new Error("judge() was called before bench()");
      const isLarge = raw.length > CHANNEL_BYTES;
      return new Promise((resolve) => {
        enter({
          request: () => ({ type: "message", raw: isLarge ? raw.length : raw, at, internalDate, help }),
          raw: isLarge ? raw : null,
          size: raw.length,
          done: (answer) => {
            if ("kind" in answer) resolve(answer);
            else if (answer.type === "gathered") resolve({ kind: "gathered", gathered: answer.gathered });
          },
          attempts: 0,
        });
      });
    },
    judgeAnswers(paths, { ocsp, crls, unanswered, known }, beside, at) {
      if (bench === null) throw new Error("judgeAnswers() was called before bench()");
      return new Promise((resolve) => {
        enter({
          request: (shelf) => ({
            type: "answers",
            paths,
            answers: { ocsp, unanswered, known },
            beside,
            ...shelf.place(crls),
            at,
          }),
          raw: null,
          size: crls.reduce((sum, { length }) => sum + length, 0),
          done: (answer) => {
            if ("kind" in answer) resolve(answer);
            else if (answer.type === "judged") resolve({ kind: "judged", judgements: answer.judgements });
          },
          attempts: 0,
        });
      });
    },
    readIssuers(bytes, certificate) {
      if (bench === null) throw new Error("readIssuers() was called before bench()");
      return new Promise((resolve) => {
        enter({
          request: () => ({ type: "issuers", bytes, certificate }),
          raw: null,
          size: bytes.length,
          seconds: ISSUERS_SECONDS,
          done: (answer) => {
            if ("kind" in answer) resolve(answer);
            else if (answer.type === "issuers") resolve({ kind: "read", certificates: answer.certificates });
          },
          attempts: 0,
        });
      });
    },
    close() {
      closed = true;
      for (const seat of seats) seat.end();
      for (const job of queue.splice(0)) job.done({ kind: "given-up" });
    },
  };
}

function rawPipe(child: ChildProcess): Socket | null {
  const pipe = child.stdio[RAW_DESCRIPTOR];
  return pipe instanceof Socket ? pipe : null;
}

/** One judge process and the message that it has in hand. */
class Seat {
  readonly #limits: JudgeLimits;
  readonly #log: Log;
  readonly #entry: string;
  readonly #freed: () => void;
  #child: ChildProcess | null = null;
  #bench: Bench | null = null;
  #shelf = new CrlShelf();
  #job: Job | null = null;
  #timer: NodeJS.Timeout | null = null;
  #watch: NodeJS.Timeout | null = null;
  /** Why we ended the process ourselves. */
  #cause: ReadProblem | null = null;
  /** Jobs that the process has had, the one in hand among them. */
  #served = 0;
  #closed = false;

  constructor(limits: JudgeLimits, log: Log, entry: string, freed: () => void) {
    this.#limits = limits;
    this.#log = log;
    this.#entry = entry;
    this.#freed = freed;
  }

  get free(): boolean {
    return this.#job === null && !this.#closed;
  }

  work(job: Job, bench: Bench): void {
    this.#job = job;
    job.attempts += 1;
    const child = this.#seated(bench);
    this.#served += 1;
    this.#send(child, job.request(this.#shelf));
    if (job.raw !== null) rawPipe(child)?.write(job.raw);
    const seconds = Math.min(job.seconds ?? this.#limits.seconds, this.#limits.seconds);
    this.#timer = setTimeout(() => this.#kill("judge.time-limit"), seconds * 1000);
    this.#watch = setInterval(() => this.#weigh(child), WATCH_MS);
  }

  /** Has a process ready, unless it is at work. */
  prepare(bench: Bench): void {
    if (this.free) this.#seated(bench);
  }

  /** The process, started if need be, that knows what to judge by. */
  #seated(bench: Bench): ChildProcess {
    const child = this.#child ?? this.#start();
    if (this.#bench !== bench) {
      this.#bench = bench;
      this.#send(child, { type: "bench", ...bench });
    }
    return child;
  }

  end(): void {
    this.#closed = true;
    this.#child?.kill("SIGKILL");
    if (this.#job !== null) this.#finish({ kind: "given-up" });
  }

  #start(): ChildProcess {
    const megabytes = Math.max(64, Math.floor(this.#limits.memory / 1024 / 1024));
    const child = fork(this.#entry, [], {
      serialization: "advanced",
      // V8 ends the process itself when its heap is full; buffers outside the heap are watched by #weigh. Nothing lives
      // longer than a message, so a small nursery does as well as a large one, and several judges weigh less.
      execArgv: [`--max-old-space-size=${megabytes}`, "--max-semi-space-size=4"],
      stdio: ["ignore", "ignore", "ignore", "pipe", "ipc"],
    });
    // A process that has just died reports it by `exit`.
    rawPipe(child)?.on("error", () => {});
    rawPipe(child)?.unref();
    child.on("message", (message: FromJudge) => {
      if (message.type !== "ready" && this.#job !== null) this.#finish(message);
    });
    child.on("error", (error) => this.#log.error("judge.error", { error: error.message }));
    child.on("exit", (code, signal) => this.#exited(child, code, signal));
    // The pool must not keep a finished robot alive.
    child.unref();
    child.channel?.unref();
    this.#child = child;
    this.#bench = null;
    this.#shelf = new CrlShelf();
    this.#cause = null;
    this.#served = 0;
    return child;
  }

  #send(child: ChildProcess, message: ToJudge): void {
    // A process that has just died reports it by `exit`, where the message is dealt with.
    child.send(message, () => {});
  }

  #finish(answer: Parameters<Job["done"]>[0]): void {
    const job = this.#job;
    this.#job = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#watch !== null) clearInterval(this.#watch);
    job?.done(answer);
    this.#freed();
  }

  #kill(cause: ReadProblem): void {
    this.#cause = cause;
    this.#child?.kill("SIGKILL");
  }

  #exited(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    const job = this.#job;
    if (job === null || this.#closed) return;
    // SIGABRT (or 134) is V8's own end when the heap limit is reached.
    const heap = signal === "SIGABRT" || code === 134 ? "judge.memory-limit" : null;
    const problem = this.#cause ?? heap;
    this.#log.warn("judge.ended", { problem: problem ?? "judge.died", code, signal, size: job.size });
    const again = problem === null || (problem === "judge.memory-limit" && this.#served > 1);
    if (!again || job.attempts >= ATTEMPTS || this.#bench === null) {
      this.#finish({ kind: "ended", problem: problem ?? "judge.died" });
      return;
    }
    const bench = this.#bench;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#watch !== null) clearInterval(this.#watch);
    this.work(job, bench);
  }

  /** Resident memory, where the system tells it (Linux); elsewhere the heap limit alone holds. */
  #weigh(child: ChildProcess): void {
    if (child.pid === undefined || process.platform !== "linux") return;
    try {
      const pages = Number(readFileSync(`/proc/${child.pid}/statm`, "utf8").split(" ")[1]);
      if (pages * 4096 > this.#limits.memory) this.#kill("judge.memory-limit");
    } catch {
      // The process has gone; `exit` says how.
    }
  }
}
