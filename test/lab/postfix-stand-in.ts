import type { Dovecot } from "./dovecot.ts";
import type { SunkMail } from "./smtp-sink.ts";

/**
 * Does with a mail that the sink took what Postfix with lmtp(8) flags DO would do: one copy for each recipient by LMTP,
 * with `X-Original-To`, `Delivered-To` and `Received` on top. For machines where Postfix cannot run.
 */
export async function deliverAsPostfix(mail: SunkMail, dovecot: Dovecot): Promise<void> {
  const protocol = `ESMTP${mail.encrypted ? "S" : ""}${mail.user === undefined ? "" : "A"}`;
  for (const recipient of mail.to) {
    const trace = [
      `X-Original-To: ${recipient}`,
      `Delivered-To: ${recipient}`,
      `Received: from ${mail.helo} (unknown [${mail.client}])`,
      `\tby mx.company.example (Postfix) with ${protocol} id ${(Date.now() % 1e9).toString(36).toUpperCase()}`,
      `\tfor <${recipient}>; ${new Date().toUTCString().replace("GMT", "+0000")} (UTC)`,
    ];
    const copy = Buffer.concat([Buffer.from(`${trace.join("\r\n")}\r\n`), mail.raw]);
    await dovecot.deliver(recipient, copy, { from: mail.from });
  }
}
