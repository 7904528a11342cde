/** resolv.conf: its text, and what the C library reads in it. Source: resolv.conf(5), glibc resolv/res_init.c. */

export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  /** as written: `ndots:5`, `single-request` */
  readonly options: readonly string[];
}

/** What the options mean to glibc, with its defaults and limits. */
export interface ResolverSettings {
  readonly ndots: number;
  readonly timeoutSeconds: number;
  readonly attempts: number;
  /** each lookup begins with the next server */
  readonly rotate: boolean;
  /** A and AAAA one after the other, from one socket */
  readonly singleRequest: boolean;
  /** the same, and from two sockets */
  readonly singleRequestReopen: boolean;
  /** ask over TCP */
  readonly useVc: boolean;
  /** send an OPT record, of 1200 bytes (RESOLV_EDNS_BUFFER_SIZE) */
  readonly edns0: boolean;
}

const NDOTS_MAX = 15;
/** glibc's; musl has others */
const GLIBC_LIMITS = { timeoutSeconds: 30, attempts: 5 } as const;
/** glibc reads this many servers and ignores the rest (MAXNS). */
const NAMESERVERS_MAX = 3;

/** `options` overrule each other line by line, as does `search`; servers add up. A line that begins with `#` is a comment. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let searches: readonly string[] = [];
  let options: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && words[0] !== undefined) nameservers.push(words[0]);
    if (keyword === 'search') searches = words.map((word) => (word === '.' ? word : word.replace(/\.$/, '')));
    if (keyword === 'options') options = words;
  }
  return { nameservers, searches, options };
}

/** As containerd writes it into the sandbox: search, servers, options (internal/cri/server, `parseDNSOptions`). */
export function resolvConfText({ nameservers, searches, options }: ResolvConf): string {
  const lines: string[] = [];
  if (searches.length > 0) lines.push(`search ${searches.join(' ')}`);
  for (const address of nameservers) lines.push(`nameserver ${address}`);
  if (options.length > 0) lines.push(`options ${options.join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

export function settingsOf(
  { options }: ResolvConf,
  limits: Pick<ResolverSettings, 'timeoutSeconds' | 'attempts'> = GLIBC_LIMITS,
): ResolverSettings {
  const number = (name: string, otherwise: number, most: number) => {
    const option = options.findLast((text) => text.startsWith(`${name}:`));
    const value = option === undefined ? Number.NaN : Number.parseInt(option.slice(name.length + 1), 10);
    return Number.isNaN(value) ? otherwise : Math.min(Math.max(value, 0), most);
  };
  return {
    ndots: number('ndots', 1, NDOTS_MAX),
    timeoutSeconds: number('timeout', 5, limits.timeoutSeconds),
    attempts: number('attempts', 2, limits.attempts),
    rotate: options.includes('rotate'),
    singleRequest: options.includes('single-request'),
    singleRequestReopen: options.includes('single-request-reopen'),
    useVc: options.includes('use-vc'),
    edns0: options.includes('edns0'),
  };
}

/** The servers that glibc asks; this machine's own where none is named. */
export function serversOf({ nameservers }: ResolvConf): readonly string[] {
  return nameservers.length === 0 ? ['127.0.0.1'] : nameservers.slice(0, NAMESERVERS_MAX);
}
