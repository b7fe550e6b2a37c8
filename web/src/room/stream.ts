import { createParser } from 'eventsource-parser';
import { type MeetingEvent, readEvent } from './events';

type Options = {
  /** Fetch with credentials. */
  fetch: (request: Request) => Promise<Response>;
  onEvent: (event: MeetingEvent) => void;
  /** Called with true when the stream stands and false when it is gone. */
  onOpen: (open: boolean) => void;
  signal: AbortSignal;
  /** Waits between attempts; tests pass their own. */
  wait?: (ms: number) => Promise<void>;
};

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Follows a meeting's Server-Sent Events until aborted. A broken stream is taken up again after the last
 * event that was seen. The browser's own EventSource can't send the access token, hence this one.
 */
export async function followEvents(url: string, options: Options): Promise<void> {
  const { onEvent, onOpen, signal } = options;
  const wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  let lastId: string | undefined;
  let pause = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (lastId !== undefined) headers['Last-Event-ID'] = lastId;
      const response = await options.fetch(new Request(url, { headers, signal, cache: 'no-store' }));
      // The caller may not follow this meeting: asking again changes nothing.
      if ([403, 404, 410].includes(response.status)) return;
      if (response.ok && response.body) {
        onOpen(true);
        pause = FIRST_WAIT_MS;
        const parser = createParser({
          onEvent({ id, data }) {
            if (id !== undefined) lastId = id;
            const event = readEvent(data);
            if (event) onEvent(event);
          },
        });
        const decoder = new TextDecoder();
        const reader = response.body.getReader();
        for (let part = await reader.read(); !part.done; part = await reader.read())
          parser.feed(decoder.decode(part.value, { stream: true }));
      }
    } catch {
      // A lost connection; the loop takes it up again.
    }
    if (signal.aborted) return;
    onOpen(false);
    await wait(pause);
    pause = Math.min(pause * 2, LONGEST_WAIT_MS);
  }
}
