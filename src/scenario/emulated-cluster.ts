/** What a scenario needs of a cluster: the emulator has it, and a test may bring its own. */
import type {
  AksOperation,
  AksRefusal,
  CloudChange,
  DnsQueryRequest,
  DumpKind,
  Fault,
  Happening,
  NetworkWatcher,
  Outcome,
  ResolveRequest,
  ResolveResult,
  SendRequest,
  SendResult,
  SettleReport,
} from '../emulator/index.ts';
import type { azure, DnsMessage, Key, Kind, KubernetesObject, Moment } from '../model/index.ts';

export interface EmulatedCluster {
  readonly happenings: { subscribe(next: (happening: Happening) => void): { unsubscribe(): void } };
  readonly now: Moment;
  boot(): void;
  apply(manifests: readonly unknown[]): readonly Outcome<KubernetesObject>[];
  remove(kind: Kind, key: Key, options?: { gracePeriodSeconds?: number }): Outcome<KubernetesObject>;
  scale(kind: 'Deployment' | 'ReplicaSet', key: Key, replicas: number): Outcome<KubernetesObject>;
  patch(kind: Kind, key: Key, patch: object): Outcome<KubernetesObject>;
  operate(operation: AksOperation): AksRefusal | undefined;
  cordon(node: string, on: boolean): Outcome<KubernetesObject>;
  settle(): SettleReport;
  advance(ms: number): SettleReport;
  resolve(request: ResolveRequest): ResolveResult;
  query(request: DnsQueryRequest): DnsMessage | undefined;
  send(request: SendRequest): SendResult;
  inject(fault: Fault): void;
  /** the cloud around the cluster; undefined where it has none */
  readonly cloud:
    | {
        /** what somebody does by hand; throws a `NoSuchTargetError` where that cannot be */
        change(change: CloudChange): void;
        named(kind: azure.ResourceName, name: string): azure.AzureResource | undefined;
      }
    | undefined;
  get(kind: Kind, key: Key): KubernetesObject | undefined;
  list(kind: Kind): Iterable<KubernetesObject>;
  dump(kind: DumpKind, target: string): string;
  /** absent where Azure is not around the cluster */
  readonly networkWatcher?: NetworkWatcher | undefined;
}
