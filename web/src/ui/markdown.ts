/** A piece of a line. */
export type Span =
  | { kind: 'text' | 'strong' | 'emphasis' | 'code'; text: string }
  | { kind: 'link'; text: string; href: string };

/** A part of a text, as Markdown has them; what is none of these is a paragraph. */
export type Block =
  | { kind: 'heading'; level: number; spans: Span[] }
  | { kind: 'bullets' | 'numbers'; start: number; items: Span[][] }
  | { kind: 'paragraph'; lines: Span[][] };

const SPANS =
  /`([^`\n]+)`|\*\*([^*\n]+)\*\*|__([^_\n]+)__|\*([^*\s][^*\n]*)\*|(?<!\w)_([^_\s][^_\n]*)_(?!\w)|\[([^\]\n]+)\]\((https?:\/\/[^)\s]+)\)|(https?:\/\/[^\s<>)]+)/g;

/** Emphasis, code and links of a line. A link leads to http and https alone. */
export function spansOf(line: string): Span[] {
  const spans: Span[] = [];
  let end = 0;
  const plain = (to: number) => {
    if (to > end) spans.push({ kind: 'text', text: line.slice(end, to) });
  };
  for (const match of line.matchAll(SPANS)) {
    const [all, code, strong, bold, star, underscore, text, href, bare] = match;
    plain(match.index);
    end = match.index + all.length;
    if (code) spans.push({ kind: 'code', text: code });
    else if (strong ?? bold) spans.push({ kind: 'strong', text: (strong ?? bold) as string });
    else if (star ?? underscore) spans.push({ kind: 'emphasis', text: (star ?? underscore) as string });
    else if (text && href) spans.push({ kind: 'link', text, href });
    else if (bare) spans.push({ kind: 'link', text: bare, href: bare });
  }
  plain(line.length);
  return spans;
}

/** The parts of a Markdown text: headings, lists, paragraphs. It is data: nothing of it is ever read as HTML. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  const add = (block: Block) => {
    blocks.push(block);
    open = block;
  };
  for (const line of text.split(/\r?\n/)) {
    const heading = /^(#{1,4})\s+(.+)$/.exec(line);
    const bullet = /^\s*[-*+]\s+(.+)$/.exec(line);
    const number = /^\s*(\d{1,9})[.)]\s+(.+)$/.exec(line);
    if (!line.trim()) open = undefined;
    else if (heading) {
      add({ kind: 'heading', level: heading[1]?.length ?? 1, spans: spansOf(heading[2] ?? '') });
      open = undefined;
    } else if (bullet ?? number) {
      const kind = bullet ? 'bullets' : 'numbers';
      const item = spansOf((bullet ? bullet[1] : number?.[2]) ?? '');
      if (open?.kind === kind) open.items.push(item);
      else add({ kind, start: Number(number?.[1] ?? 1), items: [item] });
    } else if (open?.kind === 'paragraph') open.lines.push(spansOf(line));
    else add({ kind: 'paragraph', lines: [spansOf(line)] });
  }
  return blocks;
}
