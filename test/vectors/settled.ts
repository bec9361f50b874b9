import type {Case} from "./case.ts"; import type { World } from "./authorities.ts"; export function settledCases(_: World): Case[] { return []; }
