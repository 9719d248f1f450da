/** What `profile check` found, by this program or by the operator, which may be another version. */
import { z } from 'zod';
import { actors, kinds } from '../../../core/activity/snapshot.ts';
import { type Relevance, relevances } from '../../../core/profile/diff-relevance.ts';

const count = z.number().int().nonnegative();
const text = z.string();

const isRelevance = (word: string): word is Relevance => Object.hasOwn(relevances, word);

/** Only what is printed is looked into; the rest goes through to machines as it is. */
export const checkAnswerSchema = z.looseObject({
  profile: z.looseObject({
    name: text.exactOptional(),
    image: z.object({ name: text, tag: text }).exactOptional(),
    state: text,
    /** RFC 3339: as the profile was then. */
    at: text.exactOptional(),
  }),
  snapshots: count,
  containers: count,
  counts: z.object({ known: count, unknown: count, undecided: count, probes: count }),
  undecided: z.partialRecord(text, count),
  notWatched: z.array(z.enum(kinds)).readonly(),
  unknown: z
    .array(
      z.looseObject({
        relevance: z.string().refine(isRelevance).catch('program'),
        why: text,
        sentence: text,
        by: z.array(z.enum(actors)).readonly().exactOptional(),
        withProcess: z.literal(true).exactOptional(),
        containers: count,
      }),
    )
    .readonly(),
  /** More were asked about than are compared for one answer. */
  moreSnapshots: z.literal(true).exactOptional(),
  /** Stored snapshots that were not compared, since they are damaged. */
  unreadable: count.exactOptional(),
  /** Behaviours that are not known and had no room. */
  omitted: count,
});

export type CheckAnswer = z.infer<typeof checkAnswerSchema>;
