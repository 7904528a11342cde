/** A reply on its way back: its question is the client's again, and the rules change the rest. Source: CoreDNS plugin/rewrite/reverter.go. */
import type { DnsMessage, EdnsOption } from '../../../../src/model/index.ts';
import { questionOf } from '../../message.ts';
import type { DnsRequest } from '../../plugin.ts';
import type { RecordDraft, ReplyDraft, ResponseRule } from './response-rule.ts';

function drafts(records: DnsMessage['answers']): RecordDraft[] {
  return records.map((record) => ({ ...record }));
}

function optionsAfter(options: readonly EdnsOption[], backwards: readonly ResponseRule[]): readonly EdnsOption[] {
  return backwards.reduce((left, rule) => (rule.on === 'options' ? rule.change(left) : left), options);
}

/** The last rule is undone first. Each rule sees every record: authorities, then answers, then additional records. */
export function reverted(
  reply: DnsMessage,
  original: DnsRequest,
  asked: DnsRequest,
  responses: readonly ResponseRule[],
): DnsMessage {
  const backwards = [...responses].reverse();
  const draft: ReplyDraft = { rcode: reply.rcode, truncated: reply.truncated, answers: drafts(reply.answers) };
  const authorities = drafts(reply.authorities);
  const additionals = drafts(reply.additionals);
  const records = [...authorities, ...draft.answers, ...additionals];
  for (const record of records) {
    for (const rule of backwards) {
      if (rule.on === 'record') rule.change(record, draft, asked);
      else if (rule.on === 'reply') rule.change(draft);
    }
  }
  if (records.length === 0) for (const rule of backwards) if (rule.on === 'reply') rule.change(draft);
  const { edns } = reply;
  return {
    ...reply,
    ...draft,
    question: questionOf(original),
    authorities,
    additionals,
    ...(edns === undefined ? {} : { edns: { ...edns, options: optionsAfter(edns.options, backwards) } }),
  };
}
