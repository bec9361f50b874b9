import { join } from "node:path";
import type { DovecotOptions, MailAccount } from "./dovecot.ts";

/** What the configuration is made of. */
export interface DovecotPlan {
  readonly options: DovecotOptions;
  readonly home: string;
  readonly ports: { readonly imap: number; readonly imaps: number; readonly lmtp: number };
  readonly account: MailAccount;
  readonly settings: string;
}

/** Returns the text of dovecot.conf (Dovecot 2.3) for one private instance: nothing outside `home` is read or written. */
export function dovecotConfiguration(plan: DovecotPlan): string {
  const { options, home, ports, account } = plan;
  const quota = options.users.some((user) => user.quotaKilobytes !== undefined);
  const storage = options.storage ?? "maildir";
  return `
base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${home}/log
protocols = imap lmtp
listen = 127.0.0.1
hostname = ${options.hostname ?? "imap.company.example"}
postmaster_address = postmaster@company.example
recipient_delimiter = +

ssl = yes
ssl_cert = <${options.certificate.certFile}
ssl_key = <${options.certificate.keyFile}
auth_mechanisms = plain login
auth_failure_delay = 0

${account.root ? rootAccount : ownAccount(account.user)}
mail_uid = ${account.uid}
mail_gid = ${account.gid}
first_valid_uid = 1
mail_location = ${storage}:${home}/mail/%u
mail_home = ${home}/mail/%u
mail_plugins = ${quota ? "quota" : ""}
# An fsync per delivery tells nothing about keybot and costs most of the time on a slow disk.
mail_fsync = never
mail_max_userip_connections = 100

passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${home}/users
}
userdb {
  driver = passwd-file
  args = username_format=%u ${home}/users
  default_fields = uid=${account.uid} gid=${account.gid} home=${home}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
}

service imap-login {
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
}
service imap {
  process_limit = 200
}
service lmtp {
  inet_listener lmtp {
    port = ${ports.lmtp}
  }
  unix_listener lmtp-in {
    mode = 0666
  }
}
service auth {
  unix_listener auth-in {
    mode = 0666
  }
}
# dovecot-lda, run by Postfix as the mail user, writes here too.
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
protocol imap {
  mail_plugins = $mail_plugins ${quota ? "imap_quota" : ""}
}
protocol lmtp {
  mail_plugins = $mail_plugins sieve
}
plugin {
  sieve = file:${join(home, "sieve", "%u.sieve")}
  ${options.globalSieve === undefined ? "" : `sieve_before = ${join(home, "sieve", "global.sieve")}`}
  ${quota ? "quota = count:User quota\n  quota_vsizes = yes" : ""}
}
${options.submissionPort === undefined ? "" : `submission_host = 127.0.0.1:${options.submissionPort}`}

${plan.settings}
`;
}

const rootAccount = `
default_internal_user = dovecot
default_login_user = dovenull`;

// Without root nothing may change its user or its root directory.
function ownAccount(user: string): string {
  return `
default_internal_user = ${user}
default_internal_group =
default_login_user = ${user}
service anvil {
  chroot =
}
service imap-login {
  chroot =
}
service stats {
  chroot =
}`;
}
