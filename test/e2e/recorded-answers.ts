/** Every recorded query of CoreDNS, put by dig to a server on a socket that holds the recorded cluster. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listenForDns } from '../../src/server/index.ts';
import { recordedServerOf } from '../conformance/suites/coredns/query.ts';
import {
  fileShape,
  type QueryCase,
  queryShape,
  type RecordedCluster,
} from '../conformance/suites/coredns/recording.ts';
import type { Check } from './check.ts';
import { dig, replyIn } from './dig.ts';

const RECORDINGS = 'test/conformance/data/coredns';

/** Undefined where the case says nothing of a server that is emulated. */
async function checkRecorded(recorded: QueryCase, cluster: RecordedCluster): Promise<Check | undefined> {
  const server = recordedServerOf(recorded, cluster);
  if ('outcome' in server) return undefined;
  const { id, qname, qtype } = recorded;
  const title = `${id}: dig ${qtype} ${qname}`;
  const listener = await listenForDns('127.0.0.1', 0, (query, protocol, clientPort) =>
    server.ask(query, { protocol, clientPort, server: 0, serverPort: 53 }),
  );
  try {
    const { text } = await dig(listener.port, ['-t', qtype, qname, '+ignore', '+bufsize=1232']);
    const outcome = server.judge(replyIn(text, { name: qname, type: qtype }));
    return outcome.outcome === 'passed' ? { title } : { title, problem: JSON.stringify(outcome) };
  } catch (error) {
    return { title, problem: (error as Error).message };
  } finally {
    await listener.close();
  }
}

/** dig does not show the code of a transfer that is refused. */
function isPrintable({ qtype }: QueryCase): boolean {
  return qtype !== 'AXFR' && qtype !== 'IXFR';
}

export async function* recordedAnswers(): AsyncIterable<Check> {
  for (const name of readdirSync(RECORDINGS).sort()) {
    const { cluster, cases } = fileShape.parse(JSON.parse(readFileSync(join(RECORDINGS, name), 'utf8')));
    for (const recorded of cases.filter(({ kind }) => kind === 'query').map((one) => queryShape.parse(one))) {
      const checked = isPrintable(recorded) ? await checkRecorded(recorded, cluster) : undefined;
      if (checked !== undefined) yield checked;
    }
  }
}
