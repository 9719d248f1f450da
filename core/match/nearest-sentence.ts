/** Says in one sentence what is not known, and what is known that is nearest. */
import type { FileAccess } from '../activity/snapshot.ts';
import { programText } from '../profile/diff-behaviours.ts';
import { type Field, type Lineage, lineageText, type Miss } from './difference.ts';
import type { Nearest } from './nearest.ts';

/** Names are as long as containers make them; a sentence is not. */
const mostCharacters = 200;

const accessWords: Readonly<Record<FileAccess, string>> = {
  read: 'reading',
  write: 'writing',
  create: 'creating',
  denied: 'being refused',
  delete: 'deleting',
  rename: 'renaming',
  attributes: 'changing attributes of',
};

const fieldWords: Readonly<Record<Field, string>> = {
  lineage: 'the lineage',
  executable: 'the executable',
  applet: 'the name it is called by',
  script: 'the script',
  inline: 'code from the command line',
  path: 'the path',
  access: 'the access',
  name: 'the name',
  direction: 'the direction',
  protocol: 'the protocol',
  peer: 'the peer',
  port: 'the port',
};

/**
 * `Reading /etc/shadow by /app > /bin/sh is not known; nearest is reading /etc/passwd by /app > /bin/sh, which differs in the
 * path.` Texts are as profiles have them: nothing in them reaches a terminal or page unescaped.
 */
export function nearestSentence(miss: Miss, { ancestor, children, nearest, difference }: Nearest): string {
  const parts = [`${deed(miss)} is not known`];
  if (ancestor.length < miss.lineage.length) parts.push(lineageClause(ancestor, children));
  if (nearest === undefined) parts.push('nothing like it is');
  else {
    const fields = listOf(difference.map(({ field }) => fieldWords[field]));
    parts.push(`nearest is ${deed(nearest)}${fields === '' ? '' : `, which differs in ${fields}`}`);
  }
  const sentence = parts.join('; ');
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

function lineageClause(ancestor: Lineage, children: Lineage): string {
  const where =
    ancestor.length === 0 ? 'of its lineage nothing is known' : `its lineage is known up to ${text(ancestor)}`;
  const named = listOf(children.map((program) => cut(programText(program))));
  return named === '' ? where : `${where}, ${ancestor.length === 0 ? 'others begin with' : 'below which run'} ${named}`;
}

function deed(miss: Miss): string {
  switch (miss.kind) {
    case 'process':
      return `running ${text(miss.lineage)}`;
    case 'file':
      return `${accessWords[miss.access]} ${cut(miss.path)} by ${text(miss.lineage)}`;
    case 'dns':
      return `asking for ${cut(miss.name)} by ${text(miss.lineage)}`;
    case 'network':
      return `${conversation(miss)} by ${text(miss.lineage)}`;
  }
}

function conversation({ direction, protocol, peer, port }: Miss & { readonly kind: 'network' }): string {
  const portText = port === 0 ? `any ${protocol} port` : `${protocol} port ${port}`;
  switch (direction) {
    case 'connect':
      return `connecting to ${cut(peer)} on ${portText}`;
    case 'accept':
      return `accepting callers (${cut(peer)}) on ${portText}`;
    case 'bind':
      return `binding ${portText}`;
    case 'listen':
      return `listening on ${portText}`;
  }
}

/** The end of a lineage says more than its beginning. */
function text(lineage: Lineage): string {
  const whole = lineageText(lineage);
  return whole.length <= mostCharacters ? whole : `…${whole.slice(1 - mostCharacters).replace(/^[\udc00-\udfff]/, '')}`;
}

function cut(name: string): string {
  return name.length <= mostCharacters ? name : `${name.slice(0, mostCharacters - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function listOf(words: readonly string[]): string {
  const last = words.at(-1);
  if (last === undefined || words.length === 1) return last ?? '';
  return `${words.slice(0, -1).join(', ')} and ${last}`;
}
