/** What a loadbalance block sets, as recordings name it. */
import { type Directive, readLoadbalanceOptions } from '../../../../controllers/coredns/index.ts';

export function loadbalanceSettings(directives: readonly Directive[]) {
  const { policy, weightFile, reloadMs } = readLoadbalanceOptions(directives);
  return { policy, weight_file: weightFile?.text, reload_s: reloadMs === undefined ? undefined : reloadMs / 1000 };
}
