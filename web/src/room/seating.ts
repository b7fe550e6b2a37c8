/**
 * The order of tiles when not all fit: everybody keeps their seat, newcomers sit at the end, and who
 * speaks from a later page changes places with somebody silent on the first.
 */
export function seating(
  before: readonly string[],
  present: readonly string[],
  speaking: readonly string[],
  firstPage: number,
): readonly string[] {
  const here = new Set(present);
  const stay = before.filter((id) => here.has(id));
  const order = [...stay, ...present.filter((id) => !stay.includes(id))];
  for (const speaker of speaking) {
    const from = order.indexOf(speaker);
    if (from < firstPage) continue;
    const to = order.slice(0, firstPage).findLastIndex((id) => !speaking.includes(id));
    if (to < 0) break;
    [order[to], order[from]] = [speaker, order[to] as string];
  }
  const same = order.length === before.length && order.every((id, index) => id === before[index]);
  return same ? before : order;
}
