import { useEffect, useRef } from 'react';

/** Whoever scrolls themselves is left alone for so long. */
const LEFT_ALONE_MS = 6_000;

/** A list that scrolls so that one of its items is in sight. The page stays where the reader has it. */
export function useFollowed<T extends HTMLElement>(current: number) {
  const list = useRef<T>(null);
  const scrolled = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const box = list.current;
    const touch = () => {
      scrolled.current = performance.now();
    };
    box?.addEventListener('wheel', touch, { passive: true });
    box?.addEventListener('touchmove', touch, { passive: true });
    return () => {
      box?.removeEventListener('wheel', touch);
      box?.removeEventListener('touchmove', touch);
    };
  }, []);
  useEffect(() => {
    const [box, item] = [list.current, list.current?.children[current]];
    if (!box || !(item instanceof HTMLElement)) return;
    if (performance.now() - scrolled.current < LEFT_ALONE_MS) return;
    const over = item.offsetTop + item.offsetHeight - box.scrollTop - box.clientHeight;
    if (over > 0) box.scrollTop += over;
    if (item.offsetTop < box.scrollTop) box.scrollTop = item.offsetTop;
  }, [current]);
  return list;
}
