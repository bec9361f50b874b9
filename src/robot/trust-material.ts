import { type TrustMaterial, trustMaterial } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { Store } from "../store/index.ts";

/** What was read last; every round asks, and a trust store has hundreds of CAs and changes a few times a year. */
const READ = new WeakMap<Store, { readonly policy: Policy; readonly material: TrustMaterial }>();

/** The trust store of the installation, as bytes, as far as its policy lets it count. Read anew when it has changed. */
export async function trustMaterialOf(store: Store, policy: Policy): Promise<TrustMaterial> {
  const version = await store.trustVersion();
  const read = READ.get(store);
  if (read?.policy === policy && read.material.version === version) return read.material;
  const material = trustMaterial(version, await store.listTrust(), policy.certificates);
  READ.set(store, { policy, material });
  return material;
}
