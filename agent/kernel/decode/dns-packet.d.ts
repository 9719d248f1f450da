/** A codec that dns-packet exports and its published types leave out: questions can be read without the rest of a message. */
import 'dns-packet';

declare module 'dns-packet' {
  export const question: {
    decode: {
      /** @throws Error if the bytes at `offset` are no question. */
      (buffer: Buffer, offset: number): { name: string; type: RecordType };
      /** Bytes that the last call took. */
      bytes: number;
    };
  };
}
