/** A value of the configuration file. */
export type ConfigValue = string | number | boolean | readonly string[] | { readonly [key: string]: string };

/** A table of the configuration file. */
export type ConfigTable = Readonly<Record<string, ConfigValue>>;

/** Keys that differ from the site's own, by table; the table "" holds the keys outside all tables. */
export type ConfigOverrides = Readonly<Record<string, ConfigTable>>;

/** Where keybot finds its mail servers. */
export interface Places {
  readonly robot: string;
  readonly imapPort: number;
  readonly smtpPort: number;
  readonly caFile: string;
}

/** Returns keybot.toml for the lab's company: the keys of a real installation, with the lab's ports. */
export function siteConfiguration(places: Places, overrides: ConfigOverrides): string {
  const tables = siteTables(places);
  const names = [...new Set([...Object.keys(tables), ...Object.keys(overrides)])];
  // Keys outside the tables come first, or they would belong to the last table.
  return names
    .sort((a, b) => Number(a !== "") - Number(b !== ""))
    .map((name) => tableText(name, { ...tables[name], ...overrides[name] }))
    .join("\n");
}

function siteTables(places: Places): Record<string, ConfigTable> {
  const server = {
    host: "127.0.0.1",
    ca_file: places.caFile,
    user: places.robot,
    password_file: "secrets/password",
  };
  return {
    "": { tag: "[AXAZERTIFIKAT]", domains: ["company.example"], languages: ["de", "en"], state_dir: "state" },
    imap: { ...server, port: places.imapPort, security: "tls" },
    smtp: {
      ...server,
      port: places.smtpPort,
      security: "starttls",
      from: `Key Management <${places.robot}>`,
      bounce_address: "",
    },
    trust: { public_roots: true, revocation: "hard-fail", pin: "approved" },
    requests: {
      // Dovecot's LMTP writes a Received line as well, under its own name.
      own_hosts: ["mx.company.example", "imap.company.example"],
      // Partners come from 127.0.0.2: all of 127.0.0.0/8 would put them inside.
      own_networks: ["127.0.0.1/32"],
      authserv_id: "mx.company.example",
    },
    admin: { address: "postmaster@company.example", contact: "postmaster@company.example" },
    schedule: { cron: "*/5 * * * *", idle: true },
  };
}

function tableText(name: string, table: ConfigTable): string {
  const keys = Object.entries(table).map(([key, value]) => `${key} = ${valueText(value)}\n`);
  return `${name === "" ? "" : `[${name}]\n`}${keys.join("")}`;
}

// JSON's strings, numbers, booleans and arrays of strings are TOML's too; only tables are written in another way.
function valueText(value: ConfigValue): string {
  if (typeof value !== "object" || Array.isArray(value)) return JSON.stringify(value);
  const keys = Object.entries(value).map(([key, text]) => `${key} = ${JSON.stringify(text)}`);
  return `{ ${keys.join(", ")} }`;
}
