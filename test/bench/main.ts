/** `npm run --silent bench -- NAME [--sizes 100,1000] [--mode iptables,ipvs]`: a table for people, then one line of JSON with every figure. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bench, BenchResult } from './bench.ts';

/** Each benchmark is loaded only when it is asked for. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  dns: async () => (await import('./dns.ts')).benchDns,
  settle: async () => (await import('./settle.ts')).benchSettle,
  proxy: async () => (await import('./proxy.ts')).benchProxy,
  ipam: async () => (await import('./ipam.ts')).benchIpam,
  walk: async () => (await import('./walk.ts')).benchWalk,
  azure: async () => (await import('./azure.ts')).benchAzure,
};

/** kube-proxy's, for benchmarks that know several */
const MODES: readonly string[] = ['iptables', 'nftables', 'ipvs'];

function table({ columns, rows }: BenchResult): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padStart(widths[i]!)).join('  ');
  return [line(columns), ...rows.map(line)].join('\n');
}

function json({ name, figures }: BenchResult): string {
  const byName = Object.fromEntries(figures.map((figure) => [figure.name, { value: figure.value, unit: figure.unit }]));
  return JSON.stringify({ bench: name, figures: byName });
}

function parseSizes(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const sizes = text.split(',').map(Number);
  return sizes.every((size) => Number.isInteger(size) && size > 0) ? sizes : [];
}

function parse(args: readonly string[]) {
  const options = { sizes: { type: 'string' }, mode: { type: 'string' } } as const;
  return parseArgs({ args: [...args], allowPositionals: true, options });
}

/** Exit status 2 for a mistake on the command line, told in one sentence. */
async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (positionals[0] === 'settle-once') {
    // One run of `settle`, which starts a process for each.
    const { settleOnce } = await import('./settle.ts');
    console.log(JSON.stringify({ run: settleOnce(Number(values.sizes)) }));
    return 0;
  }
  if (positionals[0] === 'dns-client') {
    // The load of `dns`, where no better generator is installed.
    const [, port, file = ''] = positionals;
    const { client } = await import('./dns-load.ts');
    console.log(await client(Number(port), readFileSync(file, 'utf8').split(' A\n').slice(0, -1)));
    return 0;
  }
  const names = Object.keys(BENCHES).join(', ');
  const [name] = positionals;
  const load = name === undefined ? undefined : Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (load === undefined || positionals.length > 1) {
    const given = name === undefined ? 'no benchmark was named' : `unknown benchmark ${positionals.join(' ')}`;
    console.error(`bench: ${given}; there is ${names}.`);
    return 2;
  }
  const sizes = parseSizes(values.sizes);
  if (sizes?.length === 0) {
    console.error(`bench: --sizes ${values.sizes} is not a list of whole numbers such as 30,300.`);
    return 2;
  }
  const modes = values.mode?.split(',');
  const unknown = modes?.find((mode) => !MODES.includes(mode));
  if (unknown !== undefined) {
    console.error(`bench: --mode ${unknown} is none of kube-proxy's modes ${MODES.join(', ')}.`);
    return 2;
  }
  const bench = await load();
  const result = await bench({ sizes, modes });
  console.log(`${result.about}\n\n${table(result)}\n`);
  console.log(json(result));
  return 0;
}

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
