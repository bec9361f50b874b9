// `npm run audit`: asks the package source for known vulnerabilities of what the product needs at run time.
//
// Not every package source can be asked (a mirror or a cache has no such service): that is said, and is no fault. A
// vulnerability is one, and so is an answer that nobody understands.
import { spawnSync } from "node:child_process";

const { stdout, error } = spawnSync("npm", ["audit", "--omit=dev", "--json", ...process.argv.slice(2)], {
  encoding: "utf8",
  maxBuffer: 64 << 20,
});
const { exit, line } = verdict(error === undefined ? stdout : "");
process.stdout.write(`audit: ${line}\n`);
process.exitCode = exit;

/** What npm printed, in one line, and whether it is a fault. */
function verdict(printed) {
  const report = parsed(printed);
  const counts = report?.metadata?.vulnerabilities;
  if (typeof counts?.total === "number") {
    if (counts.total === 0) return { exit: 0, line: "no known vulnerability" };
    const named = Object.values(report.vulnerabilities ?? {}).map(
      ({ name, severity }) => `${name} (${severity})`,
    );
    return { exit: 1, line: `known vulnerabilities: ${named.join(", ")}; see npm audit --omit=dev` };
  }
  // 400 and 404 from sources that know no such path, 405 from those that are read-only, 501 from those that say so.
  if ([400, 404, 405, 501].includes(report?.statusCode))
    return { exit: 0, line: `not checked: the package source offers no audit (HTTP ${report.statusCode})` };
  if (/\b(ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENETUNREACH)\b/.test(printed))
    return { exit: 0, line: "not checked: the package source is out of reach" };
  return { exit: 1, line: "npm audit gave no answer that can be read" };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
