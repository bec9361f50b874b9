import type {Case} from "./case.ts"; import type { World } from "./authorities.ts"; export function answerCases(_: World): Case[] { return []; }
