/** The kubernetes plugin's block. Source: CoreDNS plugin/kubernetes/setup.go. */
import type { LabelSelector } from '../../../../src/model/index.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Directive, OptionLine } from '../../corefile/parse.ts';
import type { Token } from '../../corefile/tokens.ts';
import type { PluginSetup } from '../../plugin.ts';
import { isReverse, originsOf } from '../../zones.ts';
import { argumentsOf, durationMsOf, fallthroughOf, integerOf, onlyOne, unknownOption } from '../options.ts';
import { parseLabelSelector } from './label-selector.ts';

export type PodMode = 'disabled' | 'insecure' | 'verified';

export interface KubernetesOptions {
  readonly zones: readonly string[];
  /** the first zone that is no reverse zone: where PTR records lead */
  readonly primaryZone: string;
  /** namespaces exposed; empty exposes all */
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceLabels: LabelSelector | undefined;
  readonly labels: LabelSelector | undefined;
  readonly pods: PodMode;
  /** seconds */
  readonly ttl: number;
  readonly endpointPodNames: boolean;
  readonly noEndpoints: boolean;
  readonly ignoreEmptyService: boolean;
  /** zones whose missing names the next plugin is asked for; undefined for none */
  readonly fallthrough: readonly string[] | undefined;
  readonly multicluster: readonly string[];
  readonly zonal: boolean;
  readonly startupTimeoutMs: number;
}

type Draft = { -readonly [Name in keyof KubernetesOptions]: KubernetesOptions[Name] };

const TTL_SECONDS_MAX = 3600;

function setPods(draft: Draft, line: OptionLine): void {
  const mode = argumentsOf(line, 1)[0]!;
  if (mode.text !== 'disabled' && mode.text !== 'insecure' && mode.text !== 'verified') {
    const reason = `wrong value for pods: ${mode.text},  must be one of: disabled, verified, insecure`;
    throw new CorefileError(mode, reason);
  }
  draft.pods = mode.text;
}

function setTtl(draft: Draft, line: OptionLine): void {
  const seconds = integerOf(argumentsOf(line, 1, Number.POSITIVE_INFINITY)[0]!);
  if (seconds < 0 || seconds > TTL_SECONDS_MAX) {
    throw new CorefileError(line.option, `ttl must be in range [0, 3600]: ${seconds}`);
  }
  draft.ttl = seconds;
}

function selectorOf(line: OptionLine, what: string): LabelSelector {
  const text = argumentsOf(line, 1, Number.POSITIVE_INFINITY)
    .map((token) => token.text)
    .join(' ');
  const selector = parseLabelSelector(text);
  if (selector === undefined) throw new CorefileError(line.option, `unable to parse ${what} selector value: '${text}'`);
  return selector;
}

function setIgnore(draft: Draft, line: OptionLine): void {
  const what = line.arguments[0];
  if (what === undefined) return;
  if (what.text !== 'empty_service') throw new CorefileError(what, `unable to parse ignore value: '${what.text}'`);
  draft.ignoreEmptyService = true;
}

function checkNotNegative(line: OptionLine, read: (token: Token) => number): void {
  const value = read(argumentsOf(line, 1)[0]!);
  if (value < 0) throw new CorefileError(line.option, `${line.option.text} must be >= 0`);
}

function decimalOf(token: Token): number {
  const value = Number(token.text);
  if (token.text.trim() === '' || Number.isNaN(value)) {
    throw new CorefileError(
      token,
      `invalid apiserver_qps "${token.text}": strconv.ParseFloat: parsing "${token.text}": invalid syntax`,
    );
  }
  return value;
}

function burstOf(token: Token): number {
  if (!/^[+-]?\d+$/.test(token.text)) {
    throw new CorefileError(
      token,
      `invalid apiserver_burst "${token.text}": strconv.Atoi: parsing "${token.text}": invalid syntax`,
    );
  }
  return Number(token.text);
}

const MANY = Number.POSITIVE_INFINITY;

/** Options about how to reach the apiserver are checked and have no effect: the informers are the emulator's own. */
const SETTERS: Readonly<Record<string, (draft: Draft, line: OptionLine) => void>> = {
  pods: setPods,
  ttl: setTtl,
  ignore: setIgnore,
  endpoint_pod_names: (draft, line) => {
    argumentsOf(line, 0);
    draft.endpointPodNames = true;
  },
  noendpoints: (draft, line) => {
    argumentsOf(line, 0);
    draft.noEndpoints = true;
  },
  zonal: (draft, line) => {
    argumentsOf(line, 0);
    draft.zonal = true;
  },
  namespaces: (draft, line) => {
    draft.namespaces = new Set([...draft.namespaces, ...argumentsOf(line, 1, MANY).map((token) => token.text)]);
  },
  labels: (draft, line) => {
    draft.labels = selectorOf(line, 'label');
  },
  namespace_labels: (draft, line) => {
    draft.namespaceLabels = selectorOf(line, 'namespace_label');
  },
  fallthrough: (draft, line) => {
    draft.fallthrough = fallthroughOf(line);
  },
  multicluster: (draft, line) => {
    draft.multicluster = originsOf(
      line.arguments.map((token) => token.text),
      [],
    );
  },
  startup_timeout: (draft, line) => {
    draft.startupTimeoutMs = durationMsOf(argumentsOf(line, 1, MANY)[0]!);
  },
  endpoint: (_, line) => void argumentsOf(line, 1, MANY),
  tls: (_, line) => void argumentsOf(line, 3),
  kubeconfig: (_, line) => void argumentsOf(line, 1, 2),
  apiserver_qps: (_, line) => checkNotNegative(line, decimalOf),
  apiserver_burst: (_, line) => checkNotNegative(line, burstOf),
  apiserver_max_inflight: (_, line) => checkNotNegative(line, integerOf),
};

function defaults(zones: readonly string[], primaryZone: string): Draft {
  return {
    zones,
    primaryZone,
    namespaces: new Set(),
    namespaceLabels: undefined,
    labels: undefined,
    pods: 'disabled',
    ttl: 5,
    endpointPodNames: false,
    noEndpoints: false,
    ignoreEmptyService: false,
    fallthrough: undefined,
    multicluster: [],
    zonal: false,
    startupTimeoutMs: 5000,
  };
}

/** Checks that need the whole block. */
function checkTogether(options: KubernetesOptions, at: Token): void {
  if (options.namespaces.size > 0 && options.namespaceLabels !== undefined) {
    throw new CorefileError(at, 'namespaces and namespace_labels cannot both be set');
  }
  for (const zone of options.multicluster) {
    if (options.zones.includes(zone)) continue;
    const reason = `is not authoritative for the multicluster zone ${zone} (authoritative zones: [${options.zones.join(' ')}])`;
    throw new CorefileError(at, reason);
  }
  if (options.zonal && options.noEndpoints) {
    throw new CorefileError(at, 'zonal requires the endpoint cache; remove noendpoints');
  }
}

export function readKubernetesOptions(directives: readonly Directive[], setup: PluginSetup): KubernetesOptions {
  const { name, arguments: names, block = [] } = onlyOne(directives);
  const zones = originsOf(
    names.map((token) => token.text),
    setup.zones,
  );
  const primaryZone = zones.find((zone) => !isReverse(zone));
  if (primaryZone === undefined) throw new CorefileError(name, 'plugin/kubernetes: non-reverse zone name must be used');
  const draft = defaults(zones, primaryZone);
  for (const line of block) {
    const set = Object.hasOwn(SETTERS, line.option.text) ? SETTERS[line.option.text] : undefined;
    if (set === undefined) throw unknownOption(line);
    set(draft, line);
  }
  checkTogether(draft, block.at(-1)?.option ?? name);
  return draft;
}
