import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runSync } from "../lab/command.ts";
import type { LabFolder } from "../lab/folder.ts";
import { freePorts } from "../lab/port.ts";
import { Inside, rootOf } from "./root.ts";

export const PASSWORD = "pa55word";
/** The robot's login; its address is another matter. */
export const USER = "robot";

let homes = 0;

/** A folder of its own for each server that is started. */
function homeIn(folder: LabFolder, name: string): string {
  homes += 1;
  return join(folder.path, `${name}-${homes}`);
}

export interface OtherImap {
  readonly port: number;
  stop(): Promise<void>;
}

/** Cyrus with the users `robot`, `sales` and the admin `cyrus`. */
export async function startCyrus(folder: LabFolder, altNamespace: boolean): Promise<OtherImap> {
  const home = homeIn(folder, "cyrus");
  const inside = new Inside(await rootOf("cyrus"), home, folder);
  const [port = 0] = await freePorts(1);
  for (const part of ["conf", "spool", "proc", "lock", "socket"])
    mkdirSync(join(home, part), { recursive: true });
  const yes = altNamespace ? "yes" : "no";
  writeFileSync(
    join(home, "imapd.conf"),
    `configdirectory: ${home}/conf
defaultpartition: default
partition-default: ${home}/spool
proc_path: ${home}/proc
mboxname_lockpath: ${home}/lock
servername: localhost
admins: cyrus
altnamespace: ${yes}
unixhierarchysep: ${yes}
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${home}/sasldb
sasl_mech_list: PLAIN LOGIN
lmtpsocket: ${home}/socket/lmtp
idlesocket: ${home}/socket/idle
notifysocket: ${home}/socket/notify
`,
  );
  const program = (name: string, more: string) =>
    `cmd="/usr/lib/cyrus/bin/${name} -C ${home}/imapd.conf ${more}"`;
  writeFileSync(
    join(home, "cyrus.conf"),
    `START {
  recover ${program("ctl_cyrusdb", "-r")}
  idled ${program("idled", "")}
}
SERVICES {
  imap ${program("imapd", "-U 30")} listen="127.0.0.1:${port}" prefork=0
}
EVENTS {
  checkpoint ${program("ctl_cyrusdb", "-c")} period=30
}
`,
  );
  for (const user of ["cyrus", USER, "sales"])
    await inside.run(["saslpasswd2", "-p", "-c", "-u", "localhost", "-f", `${home}/sasldb`, user], PASSWORD);
  await inside.run(["chown", "-R", "cyrus:mail", home]);
  const master = ["/usr/lib/cyrus/bin/master", "-C", `${home}/imapd.conf`, "-M", `${home}/cyrus.conf`, "-D"];
  await inside.start([...master, "-p", `${home}/master.pid`], [port]);
  return { port, stop: () => inside.stop() };
}

/** Courier with the user `robot`. */
export async function startCourier(folder: LabFolder): Promise<OtherImap> {
  const home = homeIn(folder, "courier");
  const root = await rootOf("courier");
  const inside = new Inside(root, home, folder, { etc: "/etc/courier", run: "/run/courier" });
  const [port = 0] = await freePorts(1);
  for (const part of ["run/authdaemon", "mail"]) mkdirSync(join(home, part), { recursive: true });
  runSync("cp", ["-a", join(root, "etc/courier"), join(home, "etc")]);
  const settings = join(home, "etc/authdaemonrc");
  writeFileSync(
    settings,
    readFileSync(settings, "utf8").replace(/^authmodulelist=.*$/m, 'authmodulelist="authuserdb"'),
  );
  const box = `${home}/mail/robot`;
  await inside.run(
    [
      "sh",
      "-ec",
      `maildirmake.courier ${box}; chown -R mail:mail ${home}/mail
       userdb ${USER} set uid=8 gid=8 home=${home}/mail mail=${box}
       userdbpw -md5 | userdb ${USER} set systempw; chmod 700 /etc/courier/userdb; makeuserdb`,
    ],
    `${PASSWORD}\n`,
  );
  await inside.start(["/usr/lib/courier/courier-authlib/authdaemond"], []);
  await inside.start(
    [
      "sh",
      "-c",
      `set -a; . /etc/courier/imapd; IMAP_STARTTLS=NO
       exec couriertcpd -address=127.0.0.1 -maxprocs=40 -maxperip=20 -nodnslookup -noidentlookup ${port} \\
         /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir`,
    ],
    [port],
  );
  return { port, stop: () => inside.stop() };
}

export interface Exim {
  readonly port: number;
  /** To whom it delivered, one address a mail. */
  delivered(): readonly string[];
  stop(): Promise<void>;
}

/** Exim as a submission server that takes mails for everybody, but none from the null sender if so wanted. */
export async function startExim(folder: LabFolder, refusesNullSender: boolean): Promise<Exim> {
  const home = homeIn(folder, "exim");
  const inside = new Inside(await rootOf("cyrus"), home, folder);
  const [port = 0] = await freePorts(1);
  for (const part of ["spool", "log", "mail"]) mkdirSync(join(home, part), { recursive: true });
  writeFileSync(
    join(home, "exim.conf"),
    `primary_hostname = mx.company.example
spool_directory = ${home}/spool
log_file_path = ${home}/log/%slog
pid_file_path = ${home}/exim.pid
keep_environment =
deliver_drop_privilege = true
# The robot hands over many mails in one connection; by default only the first ten are delivered at once.
smtp_accept_queue_per_connection = 0
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
acl_smtp_mail = acl_mail
acl_smtp_rcpt = accept
begin acl
acl_mail:
${refusesNullSender ? "  deny senders = :\n       message = 5.7.1 no empty sender here\n" : ""}  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  maildir_format
  # A path with the recipient in it is tainted, and refused; so all go into one, each with its Envelope-to.
  directory = ${home}/mail/all
  envelope_to_add
  user = Debian-exim
  group = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if eq{$auth3}{${PASSWORD}}}
  server_set_id = $auth2
  server_advertise_condition = true
`,
  );
  await inside.run([
    "sh",
    "-c",
    `chown -R Debian-exim:Debian-exim ${home}/spool ${home}/log ${home}/mail; chmod 644 ${home}/exim.conf`,
  ]);
  await inside.start(["/usr/sbin/exim4", "-bdf", "-C", `${home}/exim.conf`], [port]);
  return {
    port,
    delivered: () => {
      const box = join(home, "mail/all/new");
      const mails = existsSync(box)
        ? readdirSync(box).map((file) => readFileSync(join(box, file), "utf8"))
        : [];
      return mails.map((mail) => /^Envelope-to: (.*)$/m.exec(mail)?.[1] ?? "");
    },
    stop: () => inside.stop(),
  };
}
