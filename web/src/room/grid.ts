/** Size and columns of equal tiles. */
export type Grid = { columns: number; width: number; height: number };

/** The grid that shows `count` tiles as large as possible in a space: 16:9, on upright screens 4:3. */
export function bestGrid(count: number, space: { width: number; height: number }, gap = 8): Grid {
  const ratio = space.width > space.height ? 16 / 9 : 4 / 3;
  let best: Grid = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const widest = (space.width - gap * (columns - 1)) / columns;
    const highest = (space.height - gap * (rows - 1)) / rows;
    const width = Math.max(0, Math.min(widest, highest * ratio));
    if (width > best.width) best = { columns, width: Math.floor(width), height: Math.floor(width / ratio) };
  }
  return best;
}
