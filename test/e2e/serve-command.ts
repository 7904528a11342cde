/** `orrery serve` as a user starts it, asked by dig, and ended with Ctrl-C. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Check } from './check.ts';
import { dig } from './dig.ts';

const SCRIPT = 'scenarios/seed-overlay.yaml';
const READY = /^serving DNS on 127\.0\.0\.1:(\d+),/;

interface Question {
  readonly args: readonly string[];
  /** what dig must print: all of it with +short, part of it otherwise */
  readonly says: RegExp;
}

const API = 'my-api.default.svc.cluster.local';
const QUESTIONS: readonly Question[] = [
  { args: [API, '+short'], says: /^10\.96\.0\.50\n$/ },
  { args: [API, '+short', '+tcp'], says: /^10\.96\.0\.50\n$/ },
  { args: [API, '+short', '+noedns'], says: /^10\.96\.0\.50\n$/ },
  {
    args: [API, 'AAAA'],
    says: /status: NOERROR[\s\S]*flags: qr aa rd;[\s\S]*ANSWER: 0, AUTHORITY: 1[\s\S]*SOA\tns\.dns\.cluster\.local\./,
  },
  { args: ['SRV', API, '+short'], says: new RegExp(`^0 100 80 ${API}\\.\\n$`) },
  { args: ['-x', '10.96.0.50', '+short'], says: new RegExp(`^${API}\\.\\n$`) },
  { args: ['10-244-1-10.default.pod.cluster.local', '+short'], says: /^10\.244\.1\.10\n$/ },
  { args: ['TXT', 'dns-version.cluster.local', '+short'], says: /^"1\.1\.0"\n$/ },
  { args: [`no${API}`], says: /status: NXDOMAIN/ },
  { args: ['CH', 'TXT', 'version.bind'], says: /status: REFUSED/ },
  { args: ['AXFR', 'cluster.local'], says: /Transfer failed/ },
  { args: [API, '+edns=1', '+noednsnegotiation'], says: /status: BADVERS/ },
  { args: [API, '+opcode=status'], says: /status: NOTIMP/ },
];

/** The port that it says it listens on. */
async function portOf(child: ChildProcess): Promise<number> {
  let said = '';
  for await (const chunk of child.stdout!) {
    said += String(chunk);
    if (said.includes('\n')) break;
  }
  const [, port] = READY.exec(said) ?? [];
  if (port === undefined) throw new Error(`it did not say that it is ready: ${said}`);
  return Number(port);
}

async function checkQuestion(port: number, { args, says }: Question): Promise<Check> {
  const title = `orrery serve: dig ${args.join(' ')}`;
  const { text } = await dig(port, args);
  return says.test(text) ? { title } : { title, problem: `expected ${says}, got\n${text}` };
}

export async function* serveCommand(): AsyncIterable<Check> {
  const child = spawn(process.execPath, ['dist/orrery.js', 'serve', SCRIPT, '--dns', '127.0.0.1:0']);
  const ended = once(child, 'exit');
  try {
    const port = await portOf(child);
    for (const question of QUESTIONS) yield await checkQuestion(port, question);
    child.kill('SIGINT');
    const [code, signal] = await ended;
    const title = 'orrery serve: SIGINT ends it with 0';
    yield code === 0 ? { title } : { title, problem: `it ended with ${code ?? signal}` };
  } catch (error) {
    yield { title: 'orrery serve', problem: (error as Error).message };
  } finally {
    child.kill('SIGKILL');
  }
}
