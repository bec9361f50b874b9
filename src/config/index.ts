/*
 * config: keybot.toml and the environment become one frozen value.
 *
 * Knows every key of the file (schema.ts), the only place where one is named: reading, "did you mean", the example
 * and docs/CONFIG.md come from there. Knows where the file lies and how secrets are kept. It alone imports the TOML
 * parser.
 *
 * Must not know what the values are for: it opens no connection, no database, and decides nothing about a mail.
 * Every fault is a KeybotError `config` with file, line and key, and says what to do.
 */
export type { Config, Security } from "./config.ts";
export { findConfigFile } from "./find.ts";
export { loadConfig, parseConfig, requireSecrets } from "./load.ts";
export type { NamedAddress } from "./network-kind.ts";
export { configReference } from "./reference.ts";
export { exampleConfig, faultOf, type Given, renderConfig } from "./render.ts";
export { type Environment, Secret } from "./secret.ts";
