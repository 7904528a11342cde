/** The cache plugin's block. Source: CoreDNS plugin/cache/setup.go. */
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { Directive, OptionLine } from '../../corefile/parse.ts';
import type { Token } from '../../corefile/tokens.ts';
import type { PluginSetup } from '../../plugin.ts';
import { originsOf } from '../../zones.ts';
import { argumentsOf, durationMsOf, integerOf, onlyOne, unknownOption } from '../options.ts';

/** One half of the cache. Times in seconds. */
export interface CacheHalf {
  readonly capacity: number;
  readonly ttlMax: number;
  readonly ttlMin: number;
  /** zones whose answers of this half are never kept */
  readonly except: readonly string[];
}

export interface CacheOptions {
  readonly zones: readonly string[];
  readonly success: CacheHalf;
  readonly denial: CacheHalf;
  readonly servfailTtl: number;
  readonly keepTtl: boolean;
}

type Draft = { -readonly [Name in keyof CacheOptions]: CacheOptions[Name] };

const CAPACITY = 10_000;
const SUCCESS_TTL_MAX = 3600;
const DENIAL_TTL_MAX = 1800;
const TTL_MIN = 5;
const SERVFAIL_TTL_MAX = 300;

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
function setDisable(draft: Draft, line: OptionLine, setup: PluginSetup): void {
  const [half, ...zones] = argumentsOf(line, 1, Number.POSITIVE_INFINITY);
  const except = originsOf(
    zones.map((zone) => zone.text),
    setup.zones,
  );
  if (half!.text === 'success') draft.success = { ...draft.success, except };
  else if (half!.text === 'denial') draft.denial = { ...draft.denial, except };
  else throw new CorefileError(half!, `cache type for disable must be "success" or "denial"`);
}

function setOption(draft: Draft, line: OptionLine, setup: PluginSetup): void {
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
      setDisable(draft, line, setup);
      return;
    case 'keepttl':
      if (line.arguments.length > 0) throw wrongArguments(line.arguments[0]!);
      draft.keepTtl = true;
      return;
    case 'prefetch':
    case 'serve_stale':
    case 'serve_stale_policy':
      throw new CorefileError(line.option, `plugin/cache: option '${line.option.text}' is not emulated yet`);
    default:
      throw unknownOption(line);
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
  };
  for (const line of block) setOption(draft, line, setup);
  return draft;
}
