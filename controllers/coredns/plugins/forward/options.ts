/** The forward plugin's block. Source: CoreDNS plugin/forward/setup.go. */
import { formatAddress, parseAddress, RCODE_NUMBERS } from '../../../../src/model/index.ts';
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { Directive, OptionLine } from '../../corefile/parse.ts';
import type { Token } from '../../corefile/tokens.ts';
import { isDomainName } from '../../domain-name.ts';
import type { PluginSetup } from '../../plugin.ts';
import { normalName, originsOf } from '../../zones.ts';
import { argumentsOf, durationMsOf, integerOf, unknownOption, unsignedOf } from '../options.ts';
import { classifyTargets, expandTargets, type Target } from './targets.ts';

export type Policy = 'random' | 'round_robin' | 'sequential';

export interface HealthCheck {
  readonly intervalMs: number;
  readonly recursionDesired: boolean;
  readonly domain: string;
}

export interface ForwardOptions {
  readonly from: string;
  /** in the order given */
  readonly targets: readonly Target[];
  readonly except: readonly string[];
  readonly policy: Policy;
  readonly forceTcp: boolean;
  readonly preferUdp: boolean;
  /** a target with more failed checks is down; 0: never */
  readonly maxFails: number;
  /** network errors until a query is given up; 0: no limit, undefined: two for each target */
  readonly maxConnectAttempts: number | undefined;
  /** 0: no limit */
  readonly maxConcurrent: number;
  readonly maxIdleConnections: number;
  readonly readTimeoutMs: number;
  readonly expireMs: number;
  readonly maxAgeMs: number;
  readonly healthCheck: HealthCheck;
  readonly failsFast: boolean;
  /** codes after which the next target is asked */
  readonly failover: readonly string[];
  /** codes after which the next forward of the block is asked */
  readonly next: readonly string[];
  readonly nextOnNodata: boolean;
  readonly tlsServerName: string;
  readonly sourceAddress: string | undefined;
  /** who resolves targets that are host names */
  readonly resolvers: readonly string[];
}

type Draft = { -readonly [Name in keyof ForwardOptions]: ForwardOptions[Name] };

const TARGETS_MAX = 15;
const TLS_FILES_MAX = 3;

const DEFAULTS: Omit<ForwardOptions, 'from' | 'targets'> = {
  except: [],
  policy: 'random',
  forceTcp: false,
  preferUdp: false,
  maxFails: 2,
  maxConnectAttempts: undefined,
  maxConcurrent: 0,
  maxIdleConnections: 0,
  readTimeoutMs: 2000,
  expireMs: 10_000,
  maxAgeMs: 0,
  healthCheck: { intervalMs: 500, recursionDesired: true, domain: '.' },
  failsFast: false,
  failover: [],
  next: [],
  nextOnNodata: false,
  tlsServerName: '',
  sourceAddress: undefined,
  resolvers: [],
};

/** One argument or more; what follows what is read is left alone, as CoreDNS leaves it. */
function first(line: OptionLine): Token {
  return argumentsOf(line, 1, Number.POSITIVE_INFINITY)[0]!;
}

function rcodesOf(line: OptionLine): readonly string[] {
  return argumentsOf(line, 1, Number.POSITIVE_INFINITY).map((token) => {
    const code = token.text.toUpperCase();
    if (!Object.hasOwn(RCODE_NUMBERS, code)) throw new CorefileError(token, `${token.text} is not a valid rcode`);
    return code;
  });
}

function failoverOf(line: OptionLine): readonly string[] {
  const codes = rcodesOf(line);
  if (codes.includes('NOERROR')) throw new CorefileError(line.option, 'NoError cannot be used in failover');
  return codes;
}

function notNegative(line: OptionLine, read: (token: Token) => number): number {
  const token = first(line);
  const value = read(token);
  if (value < 0) throw new CorefileError(token, `${line.option.text} can't be negative: ${token.text}`);
  return value;
}

function readTimeoutOf(line: OptionLine): number {
  const ms = durationMsOf(first(line));
  if (ms <= 0) throw new CorefileError(line.option, `read_timeout must be positive: ${first(line).text}`);
  return ms;
}

/** `health_check DURATION [no_rec] [domain FQDN]` */
function healthCheckOf(line: OptionLine): HealthCheck {
  const intervalMs = notNegative(line, durationMsOf);
  const check = { intervalMs, recursionDesired: true, domain: '.' };
  const rest = line.arguments.slice(1);
  for (let option = rest.shift(); option !== undefined; option = rest.shift()) {
    if (option.text === 'no_rec') check.recursionDesired = false;
    else if (option.text === 'domain') {
      const domain = rest.shift();
      if (domain === undefined) throw wrongArguments(option);
      if (!isDomainName(domain.text)) {
        throw new CorefileError(domain, `health_check: invalid domain name ${domain.text}`);
      }
      check.domain = normalName(domain.text);
    } else throw new CorefileError(option, `health_check: unknown option ${option.text}`);
  }
  return check;
}

function policyOf(line: OptionLine): Policy {
  const { text } = first(line);
  if (text === 'random' || text === 'sequential' || text === 'round_robin') return text;
  throw new CorefileError(first(line), `unknown policy '${text}'`);
}

/** Certificates would be read here; what they hold makes no difference to who answers. */
function checkTls(line: OptionLine, { files }: PluginSetup): void {
  for (const { text } of argumentsOf(line, 0, TLS_FILES_MAX)) {
    if (files[text] === undefined) throw new CorefileError(line.option, `open ${text}: no such file or directory`);
  }
}

function checkDohMethod(line: OptionLine): void {
  const { text } = first(line);
  if (text !== 'POST' && text !== 'GET') throw new CorefileError(line.option, 'doh_method must be either POST or GET');
}

function resolversOf(line: OptionLine): readonly string[] {
  return argumentsOf(line, 1, Number.POSITIVE_INFINITY).map((token) => {
    const address = token.text.replace(/^\[(.*)\]:\d+$/, '$1').replace(/^([^:]*):\d+$/, '$1');
    if (parseAddress(address) === undefined) {
      throw new CorefileError(token, `resolver must be an IP address or IP:port: "${token.text}"`);
    }
    return token.text;
  });
}

function sourceAddressOf(line: OptionLine): string {
  const token = first(line);
  const address = parseAddress(token.text);
  if (address === undefined) throw new CorefileError(token, `invalid IP address: ${token.text}`);
  return goText(formatAddress(address));
}

/** As Go writes IPv6: `::` never stands for a single group of zeros (RFC 5952 section 4.2.2). */
function goText(address: string): string {
  const groups = address.split(':').filter((group) => group !== '').length;
  if (!address.includes('::') || groups !== 7) return address;
  return address.replace('::', ':0:').replace(/^:|:$/, '');
}

/** What each option changes. */
const OPTIONS: Readonly<Record<string, (line: OptionLine, draft: Draft, setup: PluginSetup) => Partial<Draft>>> = {
  except: (line, { except }) => ({
    except: [
      ...except,
      ...originsOf(
        argumentsOf(line, 1, Number.POSITIVE_INFINITY).map(({ text }) => text),
        [],
      ),
    ],
  }),
  max_fails: (line) => ({ maxFails: unsignedOf(first(line)) }),
  max_connect_attempts: (line) => ({ maxConnectAttempts: unsignedOf(first(line)) }),
  max_concurrent: (line) => ({ maxConcurrent: notNegative(line, integerOf) }),
  max_idle_conns: (line) => ({ maxIdleConnections: notNegative(line, integerOf) }),
  max_age: (line) => ({ maxAgeMs: notNegative(line, durationMsOf) }),
  expire: (line) => ({ expireMs: notNegative(line, durationMsOf) }),
  read_timeout: (line) => ({ readTimeoutMs: readTimeoutOf(line) }),
  health_check: (line) => ({ healthCheck: healthCheckOf(line) }),
  force_tcp: (line) => ({ forceTcp: argumentsOf(line, 0).length === 0 }),
  prefer_udp: (line) => ({ preferUdp: argumentsOf(line, 0).length === 0 }),
  next_on_nodata: (line) => ({ nextOnNodata: argumentsOf(line, 0).length === 0 }),
  failfast_all_unhealthy_upstreams: (line) => ({ failsFast: argumentsOf(line, 0).length === 0 }),
  policy: (line) => ({ policy: policyOf(line) }),
  next: (line, { next }) => ({ next: [...next, ...rcodesOf(line)] }),
  failover: (line, { failover }) => ({ failover: [...failover, ...failoverOf(line)] }),
  resolver: (line) => ({ resolvers: resolversOf(line) }),
  source_address: (line) => ({ sourceAddress: sourceAddressOf(line) }),
  tls_servername: (line) => ({ tlsServerName: first(line).text }),
  tls: (line, _, setup) => {
    checkTls(line, setup);
    return {};
  },
  doh_method: (line) => {
    checkDohMethod(line);
    return {};
  },
};

/** A CIDR that ends within a label is several zones; the first counts. */
function fromOf(token: Token): string {
  const name = token.text.replace(/^[a-z0-9]+:\/\//, '');
  const [zone] = originsOf([name], []);
  if (zone === undefined || !isDomainName(zone)) {
    throw new CorefileError(token, `plugin/forward: unable to normalize '${token.text}'`);
  }
  return zone;
}

function checkServerNames({ targets, tlsServerName }: ForwardOptions, at: Token): void {
  const own = targets.find(({ transport, serverName }) => transport === 'tls' && serverName !== '');
  if (own === undefined || tlsServerName === '') return;
  const both = `both forward ('${tlsServerName}') and proxy level ('${own.serverName}') TLS servernames are set`;
  throw new CorefileError(at, `plugin/forward: ${both} for upstream proxy 'tls://${own.address}'`);
}

function checkPaths(to: readonly Token[]): void {
  for (const token of to) {
    if (!token.text.startsWith('https://') || !token.text.slice('https://'.length).includes('/')) continue;
    const why = 'paths are not allowed in HTTPS upstream addresses (the /dns-query path is used by default)';
    throw new CorefileError(token, `plugin/forward: ${why}: ${token.text}`);
  }
}

export function readForwardOptions(directive: Directive, setup: PluginSetup): ForwardOptions {
  const { name, arguments: found, block = [] } = directive;
  const [from, ...to] = found;
  if (from === undefined || to.length === 0) throw wrongArguments(from ?? name);
  const draft: Draft = { ...DEFAULTS, from: fromOf(from), targets: [] };
  for (const line of block) {
    const option = Object.hasOwn(OPTIONS, line.option.text) ? OPTIONS[line.option.text] : undefined;
    if (option === undefined) throw unknownOption(line);
    Object.assign(draft, option(line, draft, setup));
  }
  if (draft.maxAgeMs > 0 && draft.maxAgeMs < draft.expireMs) {
    throw new CorefileError(name, 'plugin/forward: max_age must not be less than expire');
  }
  checkPaths(to);
  const entries = classifyTargets(to, setup);
  if (entries.length > TARGETS_MAX) {
    throw new CorefileError(name, `plugin/forward: more than ${TARGETS_MAX} TOs configured: ${entries.length}`);
  }
  draft.targets = expandTargets(entries, draft.resolvers, setup, name);
  if (draft.targets.length === 0) throw new CorefileError(name, 'plugin/forward: no valid upstream addresses found');
  checkServerNames(draft, name);
  return draft;
}
