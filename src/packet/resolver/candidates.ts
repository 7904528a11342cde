/** Which names are asked for, and in which order. Source: glibc resolv/res_query.c, `__res_context_search`. */
import { type ResolvConf, settingsOf } from './resolv-conf.ts';

export interface Candidate {
  /** with its final dot */
  readonly name: string;
  /** whether it is the name as the program gave it, or with a search domain behind it */
  readonly asGiven: boolean;
}

function dotsIn(name: string): number {
  return name.split('.').length - 1;
}

/** Every name that is asked for, should none be answered. A final dot asks for that name alone. */
export function plannedCandidates(conf: ResolvConf, name: string): readonly Candidate[] {
  const given = { name: name.endsWith('.') ? name : `${name}.`, asGiven: true };
  if (name.endsWith('.')) return [given];
  const searched = conf.searches.map((domain) => ({
    name: domain === '.' || domain === '' ? given.name : `${given.name}${domain.replace(/\.$/, '')}.`,
    asGiven: false,
  }));
  if (dotsIn(name) >= settingsOf(conf).ndots) return [given, ...searched];
  const rootIsSearched = searched.some((candidate) => candidate.name === given.name);
  return rootIsSearched ? searched : [...searched, given];
}

export function candidates(conf: ResolvConf, name: string): readonly string[] {
  return plannedCandidates(conf, name).map((candidate) => candidate.name);
}
