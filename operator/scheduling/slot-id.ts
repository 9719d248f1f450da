/**
 * Slot IDs are `<start of the operator, base 36>-<16 random digits>`. So an operator that remembers nothing still knows a
 * slot that one before it gave: its agent may go on with it, and what was finished meanwhile is not lost. An agent could
 * invent such an ID, and gain the upload of what it could upload under a true one: its own containers, once per period.
 */
const pattern = /^([0-9a-z]{7,9})-[0-9a-f]{16}$/;

export interface SlotIds {
  next(): string;
  /** Given by another operator than this one; whose clock was right does not matter. */
  isEarlier(slotId: string): boolean;
}

/**
 * @param startedAt milliseconds since the epoch
 * @param random bytes of that number
 */
export function slotIds(startedAt: number, random: (bytes: number) => Uint8Array): SlotIds {
  return {
    next: () => `${startedAt.toString(36)}-${Buffer.from(random(8)).toString('hex')}`,
    isEarlier(slotId) {
      const start = pattern.exec(slotId)?.[1];
      return start !== undefined && Number.parseInt(start, 36) !== startedAt;
    },
  };
}
