import { decodeTrust, type TrustStore, trustMaterial } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { Store } from "../store/index.ts";

/** What the installation trusts today, decoded: the input of every path search. */
export async function trustStoreOf(store: Store, policy: Policy): Promise<TrustStore> {
  return decodeTrust(trustMaterial(await store.trustVersion(), await store.listTrust(), policy.certificates));
}
