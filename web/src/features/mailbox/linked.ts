/** A text cut into its web addresses and what stands between them. */
export function linked(text: string): { key: number; text: string; href?: string }[] {
  const parts = text.split(/(https?:\/\/[^\s<>"]+)/);
  return parts
    .map((part, key) => (key % 2 ? { key, text: part, href: part } : { key, text: part }))
    .filter((part) => part.text);
}
