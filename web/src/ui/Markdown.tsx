import { Code, List, Stack, Text, Title } from '@mantine/core';
import { blocksOf, type Span } from './markdown';
import { OutsideLink } from './OutsideLink';

/** A text that people wrote as Markdown; whatever they wrote, it stays text. */
export function Markdown({ text }: { text: string }) {
  const blocks = blocksOf(text);
  // The highest heading used stands right under the page's own, whatever number of signs it was written with.
  const top = Math.min(...blocks.map((block) => (block.kind === 'heading' ? block.level : 6)));
  return (
    <Stack gap="xs" style={{ overflowWrap: 'anywhere' }}>
      {blocks.map((block, index) => {
        const key = `${index}-${block.kind}`;
        if (block.kind === 'heading')
          return (
            <Title key={key} order={block.level === top ? 3 : 4} size={block.level === top ? 'h4' : 'h5'}>
              <Line spans={block.spans} />
            </Title>
          );
        if (block.kind === 'paragraph')
          return (
            <Text key={key} style={{ whiteSpace: 'pre-line' }}>
              {block.lines.map((spans, line) => (
                <Line key={line} spans={spans} end={line < block.lines.length - 1} />
              ))}
            </Text>
          );
        return (
          <List
            key={key}
            type={block.kind === 'numbers' ? 'ordered' : 'unordered'}
            start={block.start}
            withPadding
          >
            {block.items.map((spans, item) => (
              <List.Item key={item}>
                <Line spans={spans} />
              </List.Item>
            ))}
          </List>
        );
      })}
    </Stack>
  );
}

function Line({ spans, end = false }: { spans: Span[]; end?: boolean }) {
  return (
    <>
      {spans.map((span, index) => {
        const key = `${index}-${span.kind}`;
        if (span.kind === 'strong') return <strong key={key}>{span.text}</strong>;
        if (span.kind === 'emphasis') return <em key={key}>{span.text}</em>;
        if (span.kind === 'code') return <Code key={key}>{span.text}</Code>;
        if (span.kind === 'link')
          return (
            <OutsideLink key={key} href={span.href}>
              {span.text}
            </OutsideLink>
          );
        return span.text;
      })}
      {end && '\n'}
    </>
  );
}
