import type { PostfixOptions } from "./postfix.ts";

/** What the configuration is made of. */
export interface PostfixPlan {
  readonly options: PostfixOptions;
  readonly home: string;
  readonly ports: { readonly port: number; readonly submissionPort: number; readonly reinjectPort: number };
}

/** Returns the files of a private Postfix's configuration folder: name → text. */
export function postfixFiles(plan: PostfixPlan): Record<string, string> {
  const { mailboxes } = plan.options;
  return {
    "main.cf": mainCf(plan),
    "master.cf": masterCf(plan),
    mailboxes: mailboxes.map((address) => `${address} x\n`).join(""),
    aliases: aliasLines(plan.options),
    header_checks: headerChecks(plan.options),
  };
}

function mainCf({ options, home }: PostfixPlan): string {
  const domains = [...new Set(options.mailboxes.map((address) => address.slice(address.indexOf("@") + 1)))];
  return `
compatibility_level = 3.6
queue_directory = ${home}/spool
data_directory = ${home}/data
maillog_file = ${home}/log
maillog_file_prefixes = ${home}
mail_owner = postfix
setgid_group = postdrop
multi_instance_directories =

myhostname = mx.company.example
mydomain = company.example
myorigin = company.example
mydestination =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
recipient_delimiter = +
biff = no
append_dot_mydomain = no
alias_maps =
alias_database =
local_recipient_maps =
notify_classes =

# Nothing leaves the machine.
default_transport = error:5.1.2 the lab sends nothing outside
relay_transport = error:5.1.2 the lab sends nothing outside
smtp_dns_support_level = disabled

virtual_mailbox_domains = ${domains.join(" ")}
virtual_mailbox_maps = texthash:${home}/conf/mailboxes
virtual_alias_maps = texthash:${home}/conf/aliases
virtual_transport = lmtp:unix:${options.dovecot.lmtpSocket}
# Without this limit flags D and O defer every mail ("mail system configuration error").
lmtp_destination_recipient_limit = 1
header_checks = regexp:${home}/conf/header_checks

smtpd_tls_cert_file = ${options.certificate.certFile}
smtpd_tls_key_file = ${options.certificate.keyFile}
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${options.dovecot.authSocket}
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_count_limit = 0
message_size_limit = 104857600
virtual_mailbox_limit = 0
${options.wiring === "filter" ? "keybot_destination_recipient_limit = 1" : ""}
${options.settings ?? ""}
`;
}

function masterCf({ options, ports }: PostfixPlan): string {
  return `
127.0.0.1:${ports.port} inet n - n - - smtpd
127.0.0.1:${ports.submissionPort} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
# Redirected mail comes back here: its delivery headers are our own by now and must stay, and a filter would judge us.
127.0.0.1:${ports.reinjectPort} inet n - n - - smtpd
  -o receive_override_options=no_header_body_checks,no_milters
lmtp      unix - - n - - lmtp flags=DO
${options.wiring === "filter" ? filterService(options) : ""}
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
smtp      unix - - n - - smtp
postlog   unix-dgram n - n - 1 postlogd
`;
}

function filterService(options: PostfixOptions): string {
  return `keybot unix - n n - 1 pipe
  flags=DORXhu user=mail null_sender=
  argv=/usr/lib/dovecot/dovecot-lda -c ${options.dovecot.configFile} -f \${sender} -d ${options.robot}`;
}

function aliasLines(options: PostfixOptions): string {
  const copies =
    options.wiring === "alias"
      ? (options.watched ?? []).map((address) => [address, [address, options.robot]] as const)
      : [];
  return [...Object.entries(options.aliases ?? {}), ...copies]
    .map(([address, targets]) => `${address} ${targets.join(", ")}\n`)
    .join("");
}

const FORGED = `/^(X-Original-To|Delivered-To|Envelope-To|X-Sieve-Redirected-From|X-Forwarded-To):/ IGNORE
/^Authentication-Results[[:space:]]*:[[:space:]]*mx\\.company\\.example/ IGNORE
`;

function headerChecks(options: PostfixOptions): string {
  const tag = (options.tag ?? "[AXAZERTIFIKAT]").replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  const action = options.wiring === "redirect" ? `REDIRECT ${options.robot}` : "FILTER keybot:dummy";
  const wired = options.wiring === "redirect" || options.wiring === "filter";
  // [[:space:]] and not a blank: a folded subject begins with a line end.
  return `${options.stripForged === true ? FORGED : ""}${wired ? `/^Subject:[[:space:]]*${tag}[[:space:]]*$/ ${action}\n` : ""}`;
}
