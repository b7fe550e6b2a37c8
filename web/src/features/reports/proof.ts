import type { ReportProof } from '../../api/types';

/** What a page says of a report in one word. */
export const verdictOf = ({ genuine, ledger }: ReportProof) => (genuine && ledger) || 'unknown';

/** The SHA-256 of a file, in hexadecimal digits. */
export async function hashOf(file: Blob) {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
