/**
 * Rules as the recordings have them: tables filter, nat, then others; chains by name, the kernel's own first; rules by chain,
 * deletions last. Within a chain nothing is sorted: our kube-proxy goes through service ports in the recordings' order.
 */

interface Section {
  readonly chains: string[];
  readonly rules: string[];
  readonly deletions: string[];
}

/** A stable sort by chain: base chains stand first and have no `KUBE-`. */
function byChain(lines: readonly string[], chainOf: (line: string) => string): readonly string[] {
  const keyed = lines.map((line) => ({ line, chain: chainOf(line) }));
  keyed.sort((a, b) => {
    const base = Number(isOwn(a.chain)) - Number(isOwn(b.chain));
    if (base !== 0 || !isOwn(a.chain)) return base;
    return a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : 0;
  });
  return keyed.map(({ line }) => line);
}

function isOwn(chain: string): boolean {
  return chain.startsWith('KUBE-');
}

function chainOfRule(line: string): string {
  return line.split(' ')[1] ?? '';
}

function chainOfDeclaration(line: string): string {
  return line.slice(1).split(' ')[0] ?? '';
}

function sections(text: string): ReadonlyMap<string, Section> {
  const found = new Map<string, Section>();
  let section: Section | undefined;
  for (const line of text.split('\n')) {
    if (line === '' || line === 'COMMIT') continue;
    if (line.startsWith('*')) {
      section = { chains: [], rules: [], deletions: [] };
      found.set(line, section);
    } else if (section === undefined) throw new Error(`outside of a table: ${line}`);
    else if (line.startsWith(':')) section.chains.push(line);
    else if (line.startsWith('-X')) section.deletions.push(line);
    else section.rules.push(line);
  }
  return found;
}

/** iptables-restore's input in normal form. */
export function normalInput(text: string): string {
  let normal = '';
  for (const [table, { chains, rules, deletions }] of sections(text)) {
    const lines = [...byChain(chains, chainOfDeclaration), ...byChain(rules, chainOfRule), ...[...deletions].sort()];
    normal += `${table}\n${lines.map((line) => `${line}\n`).join('')}COMMIT\n`;
  }
  return normal;
}

/** What a full sync of these tables hands to iptables-restore: kube-proxy's chains, but none of the kernel's. */
export function inputFor(ruleset: string): string {
  const own = ruleset.split('\n').filter((line) => {
    if (line.startsWith(':')) return isOwn(chainOfDeclaration(line));
    if (line.startsWith('-A')) return isOwn(chainOfRule(line));
    return true;
  });
  return own.join('\n');
}

/** Where two texts part, as the path of a line. */
export function lineDifference(path: string, expected: string, got: string) {
  if (expected === got) return undefined;
  const [wanted, found] = [expected.split('\n'), got.split('\n')];
  const index = wanted.findIndex((line, i) => line !== found[i]);
  const at = index < 0 ? wanted.length : index;
  return { path: `${path} line ${at + 1}`, expected: wanted[at], got: found[at] };
}
