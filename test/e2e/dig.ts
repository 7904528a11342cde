/** Debian's dig (bind9-dnsutils), and what it prints as a message. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { DnsMessage, DnsRecord, Rcode } from '../../src/model/index.ts';

const run = promisify(execFile);

/** The version that is installed; undefined where there is none. */
export function digVersion(): string | undefined {
  const { stderr, error } = spawnSync('dig', ['-v'], { encoding: 'utf8' });
  return error === undefined ? stderr.trim() : undefined;
}

/** dig's exit code and what it printed. */
export async function dig(
  port: number,
  args: readonly string[],
): Promise<{ readonly code: number; readonly text: string }> {
  const all = ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=60', '+noidnin', '+noidnout', ...args];
  try {
    const { stdout } = await run('dig', all, { encoding: 'utf8' });
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stdout = '' } = error as { code?: number; stdout?: string };
    return { code: code ?? -1, text: stdout };
  }
}

function sectionOf(text: string, title: string): readonly DnsRecord[] {
  const [, lines = ''] = new RegExp(`^;; ${title} SECTION:\\n([\\s\\S]*?)\\n(?:\\n|$)`, 'm').exec(text) ?? [];
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name, ttl, type, data] = /^(\S+)\s+(\d+)\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      if (name === undefined || ttl === undefined || type === undefined || data === undefined)
        throw new Error(`dig printed a line that is no record: ${line}`);
      return { name, type, ttl: Number(ttl), data };
    });
}

/** The reply as dig shows it. Throws where it shows none. */
export function replyIn(text: string, question: DnsMessage['question']): DnsMessage {
  const [, rcode, id] = /status: (\w+), id: (\d+)/.exec(text) ?? [];
  const [, flagsText = ''] = /^;; flags: ([a-z ]*);/m.exec(text) ?? [];
  if (rcode === undefined) throw new Error(`dig got no reply:\n${text}`);
  const flags = flagsText.split(' ');
  return {
    id: Number(id),
    response: flags.includes('qr'),
    question,
    rcode: rcode as Rcode,
    authoritative: flags.includes('aa'),
    truncated: flags.includes('tc'),
    answers: sectionOf(text, 'ANSWER'),
    authorities: sectionOf(text, 'AUTHORITY'),
    additionals: sectionOf(text, 'ADDITIONAL'),
  };
}
