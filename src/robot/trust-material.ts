import { type TrustMaterial, trustMaterial } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { Store } from "../store/index.ts";

/** The trust store of the installation, as bytes, as far as its policy lets it count. */
export async function trustMaterialOf(store: Store, policy: Policy): Promise<TrustMaterial> {
  return trustMaterial(await store.trustVersion(), await store.listTrust(), policy.certificates);
}
