import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import en from './en.json';
import sw from './sw.json';

const SOURCES = join(import.meta.dirname, '..');
const PLURAL = /_(one|other)$/;

type Texts = { [key: string]: string | Texts };

/** Every key of a language with its text. */
function flatten(texts: Texts, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...flatten(value, `${prefix}${key}.`)],
    ),
  );
}

const english = flatten(en);
const swahili = flatten(sw);

const sources = readSources().map(([file, text]) =>
  ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX),
);

function readSources(): [string, string][] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.ts$|^api\/schema\.ts$/.test(file))
    .map((file) => [file, readFileSync(join(SOURCES, file), 'utf8')]);
}

function visit(node: ts.Node, see: (node: ts.Node) => void) {
  see(node);
  node.forEachChild((child) => visit(child, see));
}

const where = (node: ts.Node) => {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
};

/** A string in the code as a pattern: what is computed may be any one part of a key. */
function pattern(node: ts.Node): RegExp | null {
  if (ts.isStringLiteralLike(node)) return new RegExp(`^${literally(node.text)}$`);
  if (!ts.isTemplateExpression(node)) return null;
  const tail = node.templateSpans.map(({ literal }) => `[^.]+${literally(literal.text)}`).join('');
  return new RegExp(`^${literally(node.head.text)}${tail}$`);
}

function literally(text: string) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe('languages', () => {
  it('have the same keys', () => {
    expect([...swahili.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it('fill in the same values', () => {
    const values = (text: string | undefined) => (text?.match(/{{\w+}}/g) ?? []).sort();
    for (const [key, text] of english) expect(values(swahili.get(key)), key).toEqual(values(text));
  });

  it('leave nothing empty', () => {
    for (const [key, text] of [...english, ...swahili]) expect(text.trim(), key).not.toBe('');
  });
});

describe('sources', () => {
  const known = new Set([...english.keys()].map((key) => key.replace(PLURAL, '')));
  const used = new Set<string>();
  const missing: string[] = [];
  const untranslated: string[] = [];

  const use = (node: ts.Node, strict: boolean) => {
    const matches = pattern(node);
    if (!matches) return;
    const found = [...known].filter((key) => matches.test(key));
    for (const key of found) used.add(key);
    if (strict && found.length === 0) missing.push(`${where(node)} ${node.getText()}`);
  };

  for (const source of sources)
    visit(source, (node) => {
      // t('…') and i18next.t('…'), also with one key out of two.
      if (ts.isCallExpression(node) && /(^|\.)t$/.test(node.expression.getText())) {
        const [argument] = node.arguments;
        if (argument && ts.isStringLiteralLike(argument)) use(argument, true);
        else if (argument) visit(argument, (part) => use(part, ts.isTemplateExpression(part)));
      }
      // Keys that stand in tables before they get to t().
      if (ts.isStringLiteralLike(node) && node.text.includes('.')) use(node, false);
      // What a person would read must come from a language file.
      if (ts.isJsxText(node) && /\p{L}/u.test(node.text))
        untranslated.push(`${where(node)} ${node.text.trim()}`);
      if (
        ts.isJsxAttribute(node) &&
        /^(aria-label|alt|title|label|placeholder|description|error)$/.test(node.name.getText()) &&
        node.initializer &&
        ts.isStringLiteral(node.initializer) &&
        /\p{L}/u.test(node.initializer.text)
      )
        untranslated.push(`${where(node)} ${node.getText()}`);
    });

  it('use only keys that exist', () => {
    expect(missing).toEqual([]);
  });

  it('use every key', () => {
    expect([...known].filter((key) => !used.has(key))).toEqual([]);
  });

  it('say nothing that is not in the language files', () => {
    expect(untranslated).toEqual([]);
  });
});
