/** What CoreDNS's files say of what its controllers have to do. */
import { type Dataplane, EMPTY_DATAPLANE } from '../../src/dataplane/index.ts';

/** Asked at nearly every write, so that files are read again only when one has changed. */
export function saidByFiles(says: (file: Dataplane['file']) => boolean): (dataplane: Dataplane) => boolean {
  let read = { file: EMPTY_DATAPLANE.file, said: says(EMPTY_DATAPLANE.file) };
  return ({ file }) => {
    if (read.file !== file) read = { file, said: says(file) };
    return read.said;
  };
}
