/** The cache plugin's block. Source: CoreDNS plugin/cache/setup.go. */
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { Directive, OptionLine } from '../../corefile/parse.ts';
import type { Token } from '../../corefile/tokens.ts';
import type { PluginSetup } from '../../plugin.ts';
import { normalName, originsOf } from '../../zones.ts';
import { argumentsOf, durationMsOf, integerOf, onlyOne } from '../options.ts';

/** One half of the cache. Times in seconds. */
export interface CacheHalf {
  readonly capacity: number;
  readonly ttlMax: number;
  readonly ttlMin: number;
  /** zones whose answers of this half are never kept */
  readonly except: readonly string[];
}

/** An item that was asked for so often, with gaps below the duration, is fetched anew in the last part of its life. */
export interface PrefetchRule {
  /** 0: never */
  readonly hits: number;
  readonly durationMs: number;
  readonly percentage: number;
}

export interface CacheOptions {
  readonly zones: readonly string[];
  readonly success: CacheHalf;
  readonly denial: CacheHalf;
  /** seconds; less than one is not kept long enough to be served */
  readonly servfailTtl: number;
  readonly keepTtl: boolean;
  readonly prefetch: PrefetchRule;
  /** how long after its end an item may be served; 0: not at all */
  readonly staleUpToSeconds: number;
  /** the server is asked before what has expired is served */
  readonly verifiesStale: boolean;
  /** 0: for as long as it takes */
  readonly verifyTimeoutMs: number;
  /** seconds, in what is served after its end */
  readonly staleTtl: number;
  /** no refresh begins for so long after one that failed */
  readonly staleRecheckMs: number;
  readonly preferPositive: boolean;
}

type Draft = { -readonly [Name in keyof CacheOptions]: CacheOptions[Name] };

const CAPACITY = 10_000;
const SUCCESS_TTL_MAX = 3600;
const DENIAL_TTL_MAX = 1800;
const TTL_MIN = 5;
const SERVFAIL_TTL_MAX = 300;
const STALE_UP_TO_SECONDS = 3600;
const RECHECK_MS_MAX = 300_000;
const TTL_MAX = 2 ** 32 - 1;

function positiveTtl(token: Token): number {
  const ttl = integerOf(token);
  if (ttl <= 0) throw new CorefileError(token, `cache TTL can not be zero or negative: ${ttl}`);
  return ttl;
}

/** `success CAPACITY [TTL] [MINTTL]` */
function halfOf(line: OptionLine, before: CacheHalf): CacheHalf {
  const [capacity, ttl, least] = argumentsOf(line, 1, Number.POSITIVE_INFINITY);
  const ttlMin = least === undefined ? before.ttlMin : integerOf(least);
  const half = { ...before, capacity: integerOf(capacity!) };
  if (ttlMin < 0) throw new CorefileError(least!, `cache min TTL can not be negative: ${ttlMin}`);
  return ttl === undefined ? half : { ...half, ttlMax: positiveTtl(ttl), ttlMin };
}

function setServfail(draft: Draft, line: OptionLine): void {
  const token = argumentsOf(line, 1)[0]!;
  const seconds = durationMsOf(token) / 1000;
  if (seconds < 0) throw new CorefileError(token, 'invalid negative ttl for servfail');
  if (seconds > SERVFAIL_TTL_MAX)
    throw new CorefileError(token, 'caching SERVFAIL responses over 5 minutes is not permitted');
  draft.servfailTtl = seconds;
}

/** `disable success|denial [ZONES]` */
function setDisable(draft: Draft, line: OptionLine): void {
  const [half, ...zones] = argumentsOf(line, 1, Number.POSITIVE_INFINITY);
  const except = zones.length === 0 ? ['.'] : zones.map(({ text }) => normalName(text));
  if (half!.text === 'success') draft.success = { ...draft.success, except };
  else if (half!.text === 'denial') draft.denial = { ...draft.denial, except };
  else throw new CorefileError(half!, `cache type for disable must be "success" or "denial"`);
}

/** `prefetch AMOUNT [DURATION] [PERCENTAGE%]` */
function setPrefetch(draft: Draft, line: OptionLine): void {
  const [amount, duration, share] = argumentsOf(line, 1, 3);
  const hits = integerOf(amount!);
  if (hits < 0) throw new CorefileError(amount!, `prefetch amount should be positive: ${hits}`);
  const { durationMs, percentage } = draft.prefetch;
  draft.prefetch = {
    hits,
    durationMs: duration === undefined ? durationMs : durationMsOf(duration),
    percentage: share === undefined ? percentage : percentageOf(share),
  };
}

function percentageOf(token: Token): number {
  if (!token.text.endsWith('%')) {
    throw new CorefileError(token, `last character of percentage should be \`%\`, but is: '${token.text.slice(-1)}'`);
  }
  const percentage = integerOf({ ...token, text: token.text.slice(0, -1) });
  if (percentage < 10 || percentage > 90) {
    throw new CorefileError(token, `percentage should fall in range [10, 90]: ${percentage}`);
  }
  return percentage;
}

function atLeastZero(token: Token, what: string): number {
  const ms = durationMsOf(token);
  if (ms < 0) throw new CorefileError(token, `invalid negative ${what}`);
  return ms;
}

function staleTtlOf(token: Token): number {
  const seconds = atLeastZero(token, 'response TTL for serve_stale') / 1000;
  if (!Number.isInteger(seconds)) {
    throw new CorefileError(token, 'serve_stale response TTL must be a whole number of seconds');
  }
  if (seconds > TTL_MAX) throw new CorefileError(token, 'serve_stale response TTL exceeds the DNS TTL range');
  return seconds;
}

function recheckOf(token: Token): number {
  const ms = atLeastZero(token, 'failure recheck for serve_stale');
  if (ms > RECHECK_MS_MAX) throw new CorefileError(token, 'serve_stale failure recheck cannot exceed 5 minutes');
  return ms;
}

/** `serve_stale [DURATION [immediate [TTL [RECHECK]] | verify [TIMEOUT [TTL [RECHECK]]]]]` */
function setServeStale(draft: Draft, line: OptionLine): void {
  const [duration, mode, ...rest] = argumentsOf(line, 0, 5);
  const verifies = mode?.text.toLowerCase() === 'verify';
  if (mode !== undefined && !verifies && mode.text.toLowerCase() !== 'immediate') {
    throw new CorefileError(mode, `invalid value for serve_stale refresh mode: ${mode.text.toLowerCase()}`);
  }
  const timeout = verifies ? rest.shift() : undefined;
  const [ttl, recheck, more] = rest;
  if (more !== undefined) throw wrongArguments(more);
  draft.staleUpToSeconds =
    duration === undefined ? STALE_UP_TO_SECONDS : atLeastZero(duration, 'duration for serve_stale') / 1000;
  draft.verifiesStale = verifies;
  draft.verifyTimeoutMs = timeout === undefined ? 0 : atLeastZero(timeout, 'timeout for serve_stale verify');
  draft.staleTtl = ttl === undefined ? 0 : staleTtlOf(ttl);
  draft.staleRecheckMs = recheck === undefined ? 0 : recheckOf(recheck);
}

function setStalePolicy(draft: Draft, line: OptionLine): void {
  if (draft.preferPositive) throw new CorefileError(line.option, 'serve_stale_policy can only be specified once');
  const policy = argumentsOf(line, 1)[0]!;
  if (policy.text.toLowerCase() !== 'prefer_positive') {
    throw new CorefileError(policy, `invalid serve_stale_policy: ${policy.text}`);
  }
  draft.preferPositive = true;
}

function checkStalePolicy(block: readonly OptionLine[]): void {
  const policy = block.find(({ option }) => option.text === 'serve_stale_policy');
  if (policy !== undefined && !block.some(({ option }) => option.text === 'serve_stale')) {
    throw new CorefileError(policy.option, 'serve_stale_policy requires serve_stale');
  }
}

function setOption(draft: Draft, line: OptionLine): void {
  switch (line.option.text) {
    case 'success':
      draft.success = halfOf(line, draft.success);
      return;
    case 'denial':
      draft.denial = halfOf(line, draft.denial);
      return;
    case 'servfail':
      setServfail(draft, line);
      return;
    case 'disable':
      setDisable(draft, line);
      return;
    case 'keepttl':
      if (line.arguments.length > 0) throw wrongArguments(line.arguments[0]!);
      draft.keepTtl = true;
      return;
    case 'prefetch':
      setPrefetch(draft, line);
      return;
    case 'serve_stale':
      setServeStale(draft, line);
      return;
    case 'serve_stale_policy':
      setStalePolicy(draft, line);
      return;
    default:
      throw wrongArguments(line.option);
  }
}

export function readCacheOptions(directives: readonly Directive[], setup: PluginSetup): CacheOptions {
  const { arguments: found, block = [] } = onlyOne(directives);
  const ttl = found[0] !== undefined && /^[+-]?\d+$/.test(found[0].text) ? positiveTtl(found[0]) : undefined;
  const names = (ttl === undefined ? found : found.slice(1)).map((token) => token.text);
  const half = { capacity: CAPACITY, ttlMin: TTL_MIN, except: [] };
  const draft: Draft = {
    zones: originsOf(names, setup.zones),
    success: { ...half, ttlMax: ttl ?? SUCCESS_TTL_MAX },
    denial: { ...half, ttlMax: ttl ?? DENIAL_TTL_MAX },
    servfailTtl: TTL_MIN,
    keepTtl: false,
    prefetch: { hits: 0, durationMs: 60_000, percentage: 10 },
    ...{ staleUpToSeconds: 0, verifiesStale: false, verifyTimeoutMs: 0, staleTtl: 0, staleRecheckMs: 0 },
    preferPositive: false,
  };
  for (const line of block) setOption(draft, line);
  checkStalePolicy(block);
  return draft;
}
