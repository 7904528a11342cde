/** Load over UDP: Debian's dnsperf where it is installed, else a client of our own, which is slower than what it measures. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'dns-packet';

const SECONDS = 2;
/** queries that wait for their answers at any time */
const OUTSTANDING = 100;

export interface Load {
  readonly answersPerSecond: number;
  readonly lost: number;
}

export function loadGenerator(): 'dnsperf' | 'own client' {
  return spawnSync('dnsperf', ['-h']).error === undefined ? 'dnsperf' : 'own client';
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout!.on('data', (chunk) => {
    text += String(chunk);
  });
  await once(child, 'close');
  return text;
}

function figure(text: string, pattern: RegExp): number {
  const [, number] = pattern.exec(text) ?? [];
  if (number === undefined) throw new Error(`the load generator said nothing of ${pattern}:\n${text}`);
  return Number(number);
}

/** Asks for these names in turn for some seconds, from another process. */
export async function load(port: number, names: readonly string[]): Promise<Load> {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
  const file = join(directory, 'queries');
  try {
    writeFileSync(file, names.map((name) => `${name} A\n`).join(''));
    if (loadGenerator() === 'dnsperf') {
      const args = [
        '-s',
        '127.0.0.1',
        '-p',
        String(port),
        '-d',
        file,
        '-l',
        String(SECONDS),
        '-q',
        String(OUTSTANDING),
      ];
      const text = await outputOf(spawn('dnsperf', args));
      const lost = figure(text, /Queries lost:\s+(\d+)/);
      return { answersPerSecond: figure(text, /Queries per second:\s+([\d.]+)/), lost };
    }
    const text = await outputOf(spawn(process.execPath, [process.argv[1]!, 'dns-client', String(port), file]));
    return { answersPerSecond: figure(text, /answers per second: ([\d.]+)/), lost: 0 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Our own client: `bench dns-client PORT FILE`, a process of its own. */
export async function client(port: number, names: readonly string[]): Promise<string> {
  const socket = createSocket('udp4');
  const queries = names.map((name) => encode({ type: 'query', id: 7, questions: [{ type: 'A', name }] }));
  let answers = 0;
  const send = (): void => socket.send(queries[answers % queries.length]!, port, '127.0.0.1');
  socket.on('message', () => {
    answers++;
    send();
  });
  const begun = process.hrtime.bigint();
  for (let i = 0; i < OUTSTANDING; i++) send();
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  socket.close();
  return `answers per second: ${answers / (Number(process.hrtime.bigint() - begun) / 1e9)}`;
}
