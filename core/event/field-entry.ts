/** How the catalogue of events says where a field of the rule language comes from. */
import type { KernelEvent } from './event.ts';

type Having<Event, Type> = Event extends { readonly type: infer Own } ? (Type extends Own ? Event : never) : never;
export type EventType = KernelEvent['type'];
type EventOf<Type extends EventType> = Having<KernelEvent, Type>;

type Leaf = string | number | bigint | boolean | undefined | readonly unknown[];
/** Members of an event and of what it holds, as `file.facts.inode`. Of a list, the list itself. */
type MemberPath<T> = T extends Leaf
  ? never
  : { [Key in keyof T & string]: Key | `${Key}.${MemberPath<T[Key]>}` }[keyof T & string];

interface EventEntry<Event> {
  /** Name of the event in the rule language; absent if that has none. */
  readonly rule?: string;
  /** Fields of the rule language, without the event's name, and the members that hold them. */
  readonly fields: Readonly<Record<string, MemberPath<Event>>>;
  /** Fields that this event should have and has not, and why. */
  readonly missing?: Readonly<Record<string, string>>;
  /** What a reader would not expect. */
  readonly note?: string;
}

export type Catalogue = { readonly [Type in EventType]: EventEntry<EventOf<Type>> };
