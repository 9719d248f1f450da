/** What the virtual machine says, one JSON object a line. */
import { z } from 'zod';
import { layouts } from './layouts.ts';

const layout = z.enum(layouts);

export const messageSchema = z.discriminatedUnion('type', [
  /** The kernel's release and the security modules in force. */
  z.object({ type: z.literal('boot'), kernel: z.string(), securityModules: z.array(z.string()) }),
  /** A layout is mounted and the programs are loaded. */
  z.object({
    type: z.literal('round'),
    layout,
    variant: z.string(),
    refusals: z.array(z.object({ variant: z.string(), reason: z.string() })).readonly(),
    /** The hierarchy whose ids are used. */
    cgroups: z.string(),
  }),
  z.object({ type: z.literal('result'), layout, scenario: z.string(), observed: z.unknown() }),
  /** A scenario, or the whole layout if none is named, could not be run. */
  z.object({ type: z.literal('failure'), layout, scenario: z.string().optional(), reason: z.string() }),
  z.object({ type: z.literal('end') }),
]);
export type Message = z.infer<typeof messageSchema>;
