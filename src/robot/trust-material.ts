import { type TrustMaterial, trustMaterial } from "../inspect/index.ts";
import type { Store } from "../store/index.ts";

/** The trust store of the installation, as bytes. */
export async function trustMaterialOf(store: Store): Promise<TrustMaterial> {
  return trustMaterial(await store.trustVersion(), await store.listTrust());
}
