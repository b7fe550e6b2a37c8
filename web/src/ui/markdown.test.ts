import { describe, expect, it } from 'vitest';
import { blocksOf, spansOf } from './markdown';

describe('markdown', () => {
  it('knows headings, lists and paragraphs', () => {
    expect(
      blocksOf('# Agenda\nWelcome\nall\n\n1. Opening\n2. Budget\n- a\n- b').map(({ kind }) => kind),
    ).toEqual(['heading', 'paragraph', 'numbers', 'bullets']);
    expect(blocksOf('3. c\n4. d')).toEqual([
      {
        kind: 'numbers',
        start: 3,
        items: [[{ kind: 'text', text: 'c' }], [{ kind: 'text', text: 'd' }]],
      },
    ]);
    expect(blocksOf('')).toEqual([]);
  });

  it('knows emphasis, code and links', () => {
    expect(spansOf('a **b** *c* `d*e*` [f](https://g.example/h) i')).toEqual([
      { kind: 'text', text: 'a ' },
      { kind: 'strong', text: 'b' },
      { kind: 'text', text: ' ' },
      { kind: 'emphasis', text: 'c' },
      { kind: 'text', text: ' ' },
      { kind: 'code', text: 'd*e*' },
      { kind: 'text', text: ' ' },
      { kind: 'link', text: 'f', href: 'https://g.example/h' },
      { kind: 'text', text: ' i' },
    ]);
    expect(spansOf('snake_case_name')).toEqual([{ kind: 'text', text: 'snake_case_name' }]);
  });

  it('makes no link of anything but http and https', () => {
    for (const text of ['[x](javascript:alert(1))', '[x](data:text/html,x)', '<img src=x onerror=y>'])
      expect(spansOf(text).every(({ kind }) => kind === 'text')).toBe(true);
  });
});
