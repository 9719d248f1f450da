/** IP addresses as text. */

function ipv4(data: DataView, at: number): string {
  return `${data.getUint8(at)}.${data.getUint8(at + 1)}.${data.getUint8(at + 2)}.${data.getUint8(at + 3)}`;
}

/** The longest run of two or more zero groups, the first of equals; `length` is 0 if there is none. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > 1 && length > best.length) best = { start, length };
  }
  return best;
}

/** In the one form that RFC 5952 recommends, so that equal addresses are equal texts. */
function ipv6(data: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => data.getUint16(at + 2 * index));
  const zeros = longestZeroRun(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (zeros.length === 0) return hex(groups);
  return `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`;
}

/** @param at offset of the first of four or sixteen bytes */
export function addressText(data: DataView, at: number, family: 'ipv4' | 'ipv6'): string {
  return family === 'ipv4' ? ipv4(data, at) : ipv6(data, at);
}
