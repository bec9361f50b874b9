import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { KeybotError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { createMailer, type Mailer, type SmtpSettings } from "../../src/smtp/index.ts";
import { Authority } from "../lab/authority.ts";
import { describeWith } from "../lab/available.ts";
import { type Dovecot, startDovecot } from "../lab/dovecot.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { type Postfix, startPostfix } from "../lab/postfix.ts";

const ROBOT = "robot@company.example";
const ALICE = "alice@partner.example";
const SENDER = { envelopeFrom: "", address: "robot@company.example" };
const RAW = Buffer.from(
  `From: ${ROBOT}\r\nTo: ${ALICE}\r\nMessage-ID: <1@company.example>\r\nAuto-Submitted: auto-replied\r\n\r\n.dot\r\nbody\r\n`,
);

describeWith(["dovecot", "postfix"], "a real Postfix", () => {
  let folder: LabFolder;
  let authority: Authority;
  let dovecot: Dovecot;
  let postfix: Postfix;
  const open: Mailer[] = [];

  beforeAll(async () => {
    folder = openFolder();
    authority = Authority.root(folder.path, { name: "Server CA" });
    const certificate = authority.issue({
      altNames: ["DNS:localhost", "IP:127.0.0.1"],
      extendedKeyUsage: "serverAuth",
    });
    const users = [ROBOT, ALICE].map((address) => ({ address, password: "pa55word" }));
    dovecot = await startDovecot({ users, folder, certificate });
    postfix = await startPostfix({ folder, certificate, mailboxes: [ROBOT, ALICE], dovecot, robot: ROBOT });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((mailer) => mailer.close()));
  });
  afterAll(async () => {
    await postfix?.stop();
    await dovecot?.stop();
    folder?.remove();
  });

  const mailerWith = (more: Partial<SmtpSettings> = {}): Mailer => {
    const mailer = createMailer(
      {
        host: "localhost",
        port: postfix.submissionPort,
        security: "starttls",
        ca: authority.identity.pem,
        user: ROBOT,
        secret: async () => ({ password: "pa55word" }),
        timeouts: { connect: 10_000, silence: 10_000, command: 20_000 },
        ...more,
      },
      silentLog,
    );
    open.push(mailer);
    return mailer;
  };
  const failure = async (promise: Promise<unknown>): Promise<string> => {
    const error: unknown = await promise.catch((thrown: unknown) => thrown);
    return error instanceof KeybotError ? `${error.kind} ${error.code}` : String(error);
  };

  it("takes mails from the null sender over one connection, and their bytes arrive", async () => {
    const mailer = mailerWith();
    await mailer.verify(SENDER);
    for (let count = 0; count < 3; count += 1) {
      const { response } = await mailer.send({ envelopeFrom: "", to: ALICE, raw: RAW });
      expect(response).toMatch(/^250 2\.0\.0 Ok: queued as /);
    }
    await postfix.queueEmpty();
    const arrived = await dovecot.messages(ALICE);
    expect(arrived).toHaveLength(3);
    const text = arrived[0]?.raw.toString("latin1") ?? "";
    expect(text).toMatch(/^Return-Path: <(MAILER-DAEMON)?>\r\n/);
    expect(text).toContain("with ESMTPSA");
    expect(text).toContain("Message-ID: <1@company.example>\r\nAuto-Submitted: auto-replied\r\n");
    expect(text.endsWith("\r\n\r\n.dot\r\nbody\r\n")).toBe(true);
  });

  it("an unknown recipient is permanent smtp.refused, and the next mail goes out", async () => {
    const mailer = mailerWith();
    const nobody = mailer.send({ envelopeFrom: "", to: "nobody@partner.example", raw: RAW });
    expect(await failure(nobody)).toBe("permanent smtp.refused");
    await mailer.send({ envelopeFrom: "", to: ALICE, raw: RAW });
  });

  it("a wrong password is permanent smtp.authentication", async () => {
    expect(await failure(mailerWith({ secret: async () => ({ password: "wrong" }) }).verify(SENDER))).toBe(
      "permanent smtp.authentication",
    );
  });

  it("no log-in at all where one is wanted is no fault of a mail: asked again, every sender is refused", async () => {
    // Postfix does not say 530, but that the client's host is rejected, and only when it knows the recipient.
    const mailer = mailerWith({ user: null });
    expect(await failure(mailer.send({ envelopeFrom: "", to: ALICE, raw: RAW }))).toBe(
      "temporary smtp.sender-refused",
    );
    await expect(mailer.verify(SENDER)).rejects.toMatchObject({
      kind: "permanent",
      code: "smtp.sender-refused",
      hint: expect.stringContaining("smtp.user is not set"),
    });
  });

  it("a certificate of a CA that is not known is permanent smtp.tls", async () => {
    expect(await failure(mailerWith({ ca: null }).verify(SENDER))).toBe("permanent smtp.tls");
  });
});
