/**
 * When the image of a mark was last there, running or known, in milliseconds since the epoch, so that marks of images that
 * nobody runs any more can go; 0 until somebody has looked. Found by namespace where there are too many.
 */
export const seenQuarantine = `
ALTER TABLE quarantine ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX quarantine_by_namespace ON quarantine (namespace, image_name, image_tag);
`;
