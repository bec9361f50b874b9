/** What a fetch is asked for, and what comes out of it. */

/** What to fetch. */
export interface FetchRequest {
  readonly url: string;
  /** Null: GET. Else POST with this body. */
  readonly post: {
    readonly body: Uint8Array;
    readonly contentType: string;
    /** URL of the same question as a GET, where the server takes no POST; null: there is none. */
    readonly asGet: string | null;
  } | null;
  /** Bytes that the answer may have. */
  readonly maxBytes: number;
  /** Every hop must be https: for what carries no signature of its own. Left out: http and https. */
  readonly httpsOnly?: boolean;
}

/** The bytes, whatever the server says that they are: that is seen when they are decoded. */
export type Fetched = { readonly ok: true; readonly bytes: Uint8Array } | FetchFailure;

export interface FetchFailure {
  readonly ok: false;
  readonly why:
    | "url" // it may not be fetched at all
    | "private-address"
    | "name" // the host name has no address
    | "unreachable" // no connection, or one that broke
    | "tls" // a certificate of the server that does not hold, or no TLS at all
    | "timeout"
    | "status" // not 200
    | "redirect" // too many, or one that cannot be followed
    | "encoding" // a compressed body, which is never unpacked, or one whose end cannot be told
    | "too-large"
    | "budget"; // of the message
  /** One English phrase for a log or a finding. */
  readonly detail: string;
  /** It happened at another server, to which the one that was asked has sent us. */
  readonly behindRedirect?: boolean;
}

/** A failure, for whoever finds one on the way. */
export function failure(why: FetchFailure["why"], detail: string): FetchFailure {
  return { ok: false, why, detail };
}
