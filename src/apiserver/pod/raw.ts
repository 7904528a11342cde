/** The parts of a pod that the model keeps opaque, as this room reads them. */
import type { Container, PodSpec } from '../../model/index.ts';

export type Raw = Readonly<Record<string, unknown>>;

export interface RawProbe extends Raw {
  readonly httpGet?: { readonly path?: string; readonly port: number | string; readonly scheme?: string };
  readonly tcpSocket?: { readonly port: number | string };
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly exec?: { readonly command?: readonly string[] };
  readonly timeoutSeconds?: number;
  readonly periodSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

export interface RawEnv {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath: string } } & Raw;
}

export interface RawContainer extends Omit<Container, 'env' | 'livenessProbe' | 'readinessProbe' | 'resources'> {
  readonly env?: readonly RawEnv[];
  readonly livenessProbe?: RawProbe;
  readonly readinessProbe?: RawProbe;
  readonly startupProbe?: RawProbe;
  readonly lifecycle?: { readonly postStart?: RawProbe; readonly preStop?: RawProbe };
  readonly resources: { readonly limits?: Quantities; readonly requests?: Quantities };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export type Quantities = Readonly<Record<string, string>>;

export interface RawVolume {
  readonly name: string;
  readonly [source: string]: unknown;
}

export interface RawPodSpec extends Omit<PodSpec, 'containers'> {
  readonly containers: readonly RawContainer[] | null;
  readonly initContainers?: readonly RawContainer[];
  readonly ephemeralContainers?: readonly RawContainer[];
  readonly volumes?: readonly RawVolume[];
  readonly serviceAccount?: string;
  readonly serviceAccountName?: string;
  readonly priorityClassName?: string;
  readonly runtimeClassName?: string;
  readonly activeDeadlineSeconds?: number;
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[];
  readonly schedulingGates?: readonly { readonly name: string }[];
}

export function rawSpec(spec: PodSpec): RawPodSpec {
  return spec as unknown as RawPodSpec;
}

export function containersOf(spec: RawPodSpec): readonly RawContainer[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}
