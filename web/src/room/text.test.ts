import { describe, expect, it } from 'vitest';
import { nameBefore, piecesOf } from './text';

const ann = { id: 'a', name: 'Ann' };
const anna = { id: 'b', name: 'Ann Marie (guest)' };
const links = (text: string) =>
  piecesOf(text).flatMap((piece) => (piece.kind === 'link' ? [[piece.text, piece.href]] : []));
const whole = (text: string, mentions = [ann, anna]) =>
  piecesOf(text, mentions)
    .map((piece) => piece.text)
    .join('');

describe('links', () => {
  it('end before the signs of the sentence', () => {
    expect(links('See https://example.org/a?b=c#d, please.')).toEqual([
      ['https://example.org/a?b=c#d', 'https://example.org/a?b=c#d'],
    ]);
    expect(links('(https://example.org/x)')[0]?.[0]).toBe('https://example.org/x');
    expect(links('https://example.org/x_(y)')[0]?.[0]).toBe('https://example.org/x_(y)');
    expect(links('http://a.test http://b.test')).toHaveLength(2);
  });

  it('lead to pages of the web alone', () => {
    for (const text of [
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'ftp://example.org',
      'https://',
      'https://user:secret@example.org',
      'https://good.test@evil.test/',
    ])
      expect(links(text), text).toEqual([]);
  });

  it('say where they lead', () => {
    const [link] = links('https://аpple.com/x');
    expect(link?.[0]).toBe('https://xn--pple-43d.com/x');
  });
});

describe('mentions', () => {
  it('are the people whom a message names, the longer name first', () => {
    expect(piecesOf('Ask @Ann Marie (guest) or @Ann!', [ann, anna])).toEqual([
      { kind: 'text', text: 'Ask ' },
      { kind: 'mention', text: '@Ann Marie (guest)', id: 'b' },
      { kind: 'text', text: ' or ' },
      { kind: 'mention', text: '@Ann', id: 'a' },
      { kind: 'text', text: '!' },
    ]);
  });

  it('are nobody whom it does not name', () => {
    for (const text of ['@Annabel', 'mail@Ann', '@Ben', '@', 'Ann'])
      expect(
        piecesOf(text, [ann]).some(({ kind }) => kind === 'mention'),
        text,
      ).toBe(false);
  });

  it('lose nothing of the text, whatever it is', () => {
    for (const text of ['', '@@Ann@', '<b>@Ann</b> https://a.test/@Ann', 'a\n@Ann\n\nb', '😀@Ann😀'])
      expect(whole(text)).toBe(text);
  });
});

it('a name is being typed right behind an @', () => {
  expect(nameBefore('Hi @An', 6)).toEqual({ start: 3, typed: 'An' });
  expect(nameBefore('@', 1)).toEqual({ start: 0, typed: '' });
  expect(nameBefore('@Ann Ma', 7)).toEqual({ start: 0, typed: 'Ann Ma' });
  expect(nameBefore('@Ann Marie and', 14)).toBeNull();
  expect(nameBefore('mail@x', 6)).toBeNull();
  expect(nameBefore('Hi @An there', 6)).toEqual({ start: 3, typed: 'An' });
});
