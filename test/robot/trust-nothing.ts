import type { TrustMaterial } from "../../src/inspect/index.ts";

/** A trust store without a single CA. */
export const TRUST_NOTHING: TrustMaterial = { version: 0, anchors: [], intermediates: [], crls: null };
