/** How operator and agent tell each other of a command without saying it. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * 64 bits of SHA-256 over the arguments, each ended by a zero byte. `argv` is escaped as in exec events (`escapeBytes`), which
 * leaves no zero byte in an argument.
 */
export function commandDigest(argv: readonly string[]): string {
  return bytesToHex(sha256(utf8ToBytes(argv.map((argument) => `${argument}\0`).join('')))).slice(0, 16);
}
