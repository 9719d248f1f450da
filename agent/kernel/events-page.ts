/**
 * Writes docs/reference/events.md from the catalogue; with `--check` changes nothing and fails if it is stale.
 *
 *     node agent/kernel/events-page.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { catalogue, notCaptured, variants } from '../../core/event/catalogue.ts';
import type { Catalogue, EventType } from '../../core/event/field-entry.ts';

function section(type: string, { rule, fields, missing = {}, note }: Catalogue[EventType]): string {
  const members = Object.entries<string>(fields);
  const name = rule === undefined ? 'no event of the rule language' : `\`${rule}\` in rules`;
  const held = members.map(([field, member]) => `\`${field}\`${field === member ? '' : ` (\`${member}\`)`}`);
  return [
    `## ${type}`,
    `${name[0]?.toUpperCase()}${name.slice(1)}.${note === undefined ? '' : ` ${note}`}`,
    held.join(', '),
    ...(Object.keys(missing).length > 0
      ? [
          `Not there:\n\n${Object.entries(missing)
            .map(([field, why]) => `- \`${field}\`: ${why}`)
            .join('\n')}`,
        ]
      : []),
  ].join('\n\n');
}

function eventsPage(): string {
  const where = variants.map(({ name, kernels }) => `\`${name}\` (kernel ${kernels})`).join(', ');
  const head = [
    '<!-- Generated from core/event/catalogue.ts by "make generate". Change it there. -->',
    '# Events',
    `What the agent captures, and the fields of the rule language in each event; in brackets the member of the event where it has another name. All are there in every variant of the kernel programs: ${where}. Every event also has \`timestamp\`, \`process\`, \`tid\`, \`uid\`, \`cgroupId\` and \`mountNamespace\`. A call is reported when it returns, with its result; failed ones too, but for those that wait or are done again (EAGAIN, EINTR).`,
  ];
  const absent = Object.entries(notCaptured).map(([event, why]) => `- \`${event}\`: ${why}`);
  const sections = Object.entries(catalogue).map(([type, entry]) => section(type, entry));
  return `${[...head, ...sections, '## Not captured', absent.join('\n')].join('\n\n')}\n`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const file = fileURLToPath(new URL('../../docs/reference/events.md', import.meta.url));
  const page = eventsPage();
  const isFresh = existsSync(file) && readFileSync(file, 'utf8') === page;
  if (!isFresh && values.check) {
    process.stderr.write(`${file} is stale: run "make generate" and commit the result\n`);
    process.exitCode = 1;
  } else if (!isFresh) writeFileSync(file, page);
}
