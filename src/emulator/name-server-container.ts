/**
 * A name server's container: its process is started, probed, told to stop and started again as its kubelet does with any.
 *
 * Source: kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go (`doBackOff`: the first start after a crash comes as soon
 * as it is noticed), pkg/kubelet/pleg/generic.go (what ended is noticed within a second), pkg/kubelet/prober.
 */
import { coredns } from '../../controllers/index.ts';
import type { ContainerRun, ProcessState } from '../dataplane/index.ts';
import {
  type Address,
  addressOf,
  type Container,
  type DnsMessage,
  type Moment,
  type Packet,
  type Pod,
  PROTOCOL_NUMBERS,
  type Probe,
  type ProtocolNumber,
} from '../model/index.ts';
import { ContainerProbe } from './container-probe.ts';
import { NameServerProcess, type ProcessOptions } from './name-server-process.ts';
import type { NameServerReply } from './outside-names.ts';

export interface ContainerOptions extends Omit<ProcessOptions, 'changed' | 'exited'> {
  /** how the process is now */
  readonly told: (state: ProcessState) => void;
}

const NOTICED_AFTER_MS = 1000;
const BACK_OFF_MS = 10_000;
const BACK_OFF_MS_MAX = 300_000;
/** A container that has run for so long has never crashed. */
const FORGIVEN_AFTER_MS = 2 * BACK_OFF_MS_MAX;

export class NameServerContainer {
  readonly uid: string;
  readonly since: Moment;
  readonly #options: ContainerOptions;
  readonly #container: Container;
  readonly #graceMs: number;
  readonly #readiness: ContainerProbe | undefined;
  readonly #liveness: ContainerProbe | undefined;
  #process: NameServerProcess | undefined;
  #startedAt: Moment = 0;
  #crashes = 0;
  #state: ProcessState | undefined;
  /** its pod is terminating: it is not started again */
  #isStopped = false;

  constructor({ spec }: Pod, { uid, since }: ContainerRun, options: ContainerOptions) {
    this.uid = uid;
    this.since = since;
    this.#options = options;
    this.#container = spec.containers[0]!;
    this.#graceMs = spec.terminationGracePeriodSeconds * 1000;
    const { readinessProbe, livenessProbe } = this.#container;
    this.#readiness = this.#probe(readinessProbe, false, () => this.#tell());
    this.#liveness = this.#probe(livenessProbe, true, () => this.#died());
    this.#start();
    this.#tell();
  }

  get metrics(): string | undefined {
    return this.#process?.metrics;
  }

  /** Undefined where nobody listens. */
  answer(packet: Packet, query: DnsMessage): NameServerReply | undefined {
    return this.#process?.answer(packet, query);
  }

  /** Whether a packet to a port of the pod finds its process: DNS over UDP and TCP, or what plugins serve over HTTP. */
  listensOn(address: Address, port: number, protocol: ProtocolNumber): boolean {
    if (this.#process?.listensOn(address, port) === true && protocol !== PROTOCOL_NUMBERS.SCTP) return true;
    return protocol === PROTOCOL_NUMBERS.TCP && this.httpStatus(address, port, '/') !== undefined;
  }

  /** What the process answers over HTTP; undefined where it does not listen there. */
  httpStatus(address: Address, port: number, path: string): number | undefined {
    return this.#process?.httpStatus({ address, port, path });
  }

  filesChanged(): void {
    if (this.#process !== undefined) this.#process.filesChanged();
    else if (this.#crashes === 0) this.#start();
  }

  syncChanged(): void {
    this.#process?.syncChanged();
  }

  /** SIGTERM, and SIGKILL after so long. */
  stop(graceMs: number): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#liveness?.ended();
    this.#terminate(graceMs);
  }

  /** The sandbox is gone, and everything in it. */
  kill(): void {
    this.#isStopped = true;
    this.#process?.end();
    this.#process = undefined;
  }

  #probe(probe: Probe | undefined, initially: boolean, changed: () => void): ContainerProbe | undefined {
    const { now, later } = this.#options;
    // Other ways to probe than HTTP find what they look for.
    return probe?.httpGet && new ContainerProbe({ probe, since: this.since, now, later, initially, changed });
  }

  #start(): void {
    const { dataplane, now } = this.#options;
    // What is mounted comes before the container starts.
    if (this.#isStopped || !dataplane().file.has(coredns.COREFILE)) return;
    const started: NameServerProcess = new NameServerProcess({
      ...this.#options,
      changed: () => this.#answersChanged(started),
      exited: () => this.#ended(started),
    });
    this.#process = started;
    this.#startedAt = now();
    started.start();
    if (this.#process !== started) return;
    this.#readiness?.started(this.#answers(this.#container.readinessProbe));
    this.#liveness?.started(this.#answers(this.#container.livenessProbe));
    this.#tell();
  }

  #answersChanged(running: NameServerProcess): void {
    if (this.#process !== running) return;
    this.#readiness?.answers(this.#answers(this.#container.readinessProbe));
    this.#liveness?.answers(this.#answers(this.#container.livenessProbe));
  }

  /** Whether a probe would succeed now. */
  #answers(probe: Probe | undefined): boolean {
    if (probe?.httpGet === undefined) return true;
    const { port, path = '/' } = probe.httpGet;
    const number = typeof port === 'number' ? port : this.#portNamed(port);
    const [address] = this.#options.addresses();
    if (number === undefined || address === undefined) return false;
    const status = this.httpStatus(addressOf(address), number, path);
    return status !== undefined && status >= 200 && status < 400;
  }

  #portNamed(name: string): number | undefined {
    return this.#container.ports?.find((port) => port.name === name)?.containerPort;
  }

  /** The liveness probe has failed too often. */
  #died(): void {
    this.#terminate(this.#graceMs);
  }

  #terminate(graceMs: number): void {
    const running = this.#process;
    if (running === undefined || running.isEnding) return;
    const endsAfterMs = Math.min(running.terminate(), graceMs);
    if (endsAfterMs === 0) this.#ended(running);
    else this.#options.later(endsAfterMs, () => this.#ended(running));
  }

  #ended(running: NameServerProcess): void {
    if (this.#process !== running) return;
    const { now, later } = this.#options;
    running.end();
    this.#process = undefined;
    this.#readiness?.ended();
    this.#liveness?.ended();
    this.#tell();
    if (this.#isStopped) return;
    if (now() - this.#startedAt > FORGIVEN_AFTER_MS) this.#crashes = 0;
    const backOffMs = Math.min(BACK_OFF_MS * 2 ** (this.#crashes - 1), BACK_OFF_MS_MAX);
    later(this.#crashes === 0 ? NOTICED_AFTER_MS : backOffMs, () => {
      if (this.#process === undefined) this.#start();
    });
    this.#crashes++;
  }

  #tell(): void {
    const running = this.#process !== undefined;
    const ready = running && (this.#readiness?.found ?? true);
    if (this.#state?.running === running && this.#state.ready === ready) return;
    this.#state = { uid: this.uid, running, ready };
    this.#options.told(this.#state);
  }
}
