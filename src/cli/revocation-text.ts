import type { RevocationState } from "../store/index.ts";
import { minute } from "./result.ts";

/** What its CA said of a certificate and since when nobody answers, as lines of a name and a sentence; none when nothing is known. */
export function revocationLines({
  answer,
  unanswered,
}: RevocationState): readonly (readonly [name: string, value: string])[] {
  const said: [string, string][] = [];
  if (answer !== null) {
    const { status, by, thisUpdate, askedAt, places } = answer;
    const whom = places.length === 0 ? "" : `, asked at ${places.join(", ")}`;
    said.push(["CA says", `${status}, on ${minute(askedAt)} by ${by} of ${minute(thisUpdate)}${whom}`]);
  }
  if (unanswered !== null) {
    said.push(["no answer", `since ${minute(unanswered.since)}: ${unanswered.why}`]);
  }
  return said;
}
