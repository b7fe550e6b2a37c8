import { describe, expect, it } from 'vitest';
import type { MeetingEvent } from './events';
import { followEvents } from './stream';

const sse = (...lines: string[]) =>
  new Response(lines.join('\n'), { status: 200, headers: { 'content-type': 'text/event-stream' } });

const removed = (id: string) => `{"event":"participant.removed","data":{"user_id":"${id}"}}`;

/** Plays the answers in turn, then aborts; tells what was asked, seen and waited for. */
async function play(...answers: (() => Response)[]) {
  const stop = new AbortController();
  const asked: (string | null)[] = [];
  const seen: MeetingEvent[] = [];
  const open: boolean[] = [];
  const waits: number[] = [];
  await followEvents('http://baraza.test/events', {
    async fetch(request) {
      asked.push(request.headers.get('last-event-id'));
      const answer = answers.shift();
      if (!answer) {
        stop.abort();
        throw new Error('over');
      }
      return answer();
    },
    onEvent: (event) => seen.push(event),
    onOpen: (is) => open.push(is),
    signal: stop.signal,
    wait: async (ms) => void waits.push(ms),
  });
  return { asked, seen: seen.map(({ data }) => ('user_id' in data ? data.user_id : '')), open, waits };
}

describe('followEvents', () => {
  it('resumes behind the last event', async () => {
    const { asked, seen, open } = await play(
      () =>
        sse(
          'id: 7',
          `data: ${removed('a')}`,
          '',
          ': still here',
          '',
          'id: 8',
          `data: ${removed('b')}`,
          '',
          '',
        ),
      () => sse('id: 9', `data: ${removed('c')}`, '', ''),
    );
    expect(asked).toEqual([null, '8', '9']);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(open).toEqual([true, false, true, false]);
  });

  it('waits longer and longer while the server is away', async () => {
    const away = () => new Response(null, { status: 503 });
    const { waits, open } = await play(away, away, away, away, away, away);
    expect(waits).toEqual([1000, 2000, 4000, 8000, 15000, 15000]);
    expect(open).not.toContain(true);
  });

  it('gives up where it may not listen', async () => {
    const { asked } = await play(() => new Response(null, { status: 403 }));
    expect(asked).toHaveLength(1);
  });

  it('passes over events of a later version', async () => {
    const { seen } = await play(() =>
      sse('data: {"event":"new.thing","data":{}}', '', `data: ${removed('a')}`, '', ''),
    );
    expect(seen).toEqual(['a']);
  });
});
