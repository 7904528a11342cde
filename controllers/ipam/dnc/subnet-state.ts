/**
 * Tells every CNS of a pod subnet whether its addresses are scarce: a ClusterSubnetState.
 *
 * CNS's side of it is public (Azure/azure-container-networking cns/kubecontroller/clustersubnetstate), what DNC goes by is not.
 * Here a subnet is exhausted from the first request that could not be met until every node could take a whole batch again,
 * and half of one on top: else the nodes' return to their batches would exhaust it at once.
 */
import { cidrOf, SUBNET_RESERVED, type Subnet, sizeOf } from '../../../src/model/index.ts';
import type { Controller } from '../../../src/reconcile/index.ts';
import { DEFAULT_SCALER, maxFreeOf } from '../cns/scaler.ts';
import { ledgerOf, SUBNET_LEDGERS, type SubnetLedger, subnetOf } from './subnet-ledger.ts';

const NAMESPACE = 'kube-system';

export function subnetState(subnets: readonly Subnet[]): Controller {
  return {
    name: 'dnc-subnet-state',
    program: 'dnc',
    projections: [SUBNET_LEDGERS],
    watches: {
      NodeNetworkConfig: (config) => {
        const subnet = subnetOf(config);
        return subnet === undefined ? [] : [subnet];
      },
      ClusterSubnetState: ({ metadata }) => [metadata.name],
    },
    reconcile(view, name) {
      const subnet = subnets.find((each) => each.name === name);
      if (subnet === undefined) return [];
      const key = `${NAMESPACE}/${name}`;
      const before = view.get('ClusterSubnetState', key);
      const was = before?.status?.exhausted ?? false;
      const exhausted = isExhausted(subnet, ledgerOf(view.projection(SUBNET_LEDGERS), name), was);
      if (before !== undefined)
        return exhausted === was
          ? []
          : [{ do: 'patch', kind: 'ClusterSubnetState', key, patch: { status: { exhausted } }, status: true }];
      const metadata = { name, namespace: NAMESPACE };
      const apiVersion = 'acn.azure.com/v1alpha1';
      return [{ do: 'create', object: { apiVersion, kind: 'ClusterSubnetState', metadata, status: { exhausted } } }];
    },
  };
}

function isExhausted({ addressPrefix }: Subnet, ledger: SubnetLedger, was: boolean): boolean {
  if (ledger.refused.size > 0) return true;
  const free = sizeOf(cidrOf(addressPrefix)) - SUBNET_RESERVED - ledger.holders.size;
  return was && free < ledger.nodes.size * maxFreeOf(DEFAULT_SCALER);
}
