// What can be said of a page by measuring it: does it fit, can it be read, does everything have a name.

import { readFile } from 'node:fs/promises';

const EN = JSON.parse(await readFile(new URL('../../../web/src/locales/en.json', import.meta.url), 'utf8'));

/** Roles that must not be without a name. */
const NAMED = 'button|link|textbox|searchbox|combobox|checkbox|radio|switch|slider|spinbutton|tab|menuitem|menuitemradio|option|dialog|navigation';

/** All that is wrong with a page as it stands, one line each. */
export async function faultsOf(page) {
  const faults = await page.evaluate(measure, EN);
  const tree = await page.locator('body').ariaSnapshot();
  const nameless = new RegExp(`^\\s*- (${NAMED})(?: \\[[^\\]]*\\])*:?$`, 'gm');
  for (const [line] of tree.matchAll(nameless)) {
    faults.push(`without a name: ${line.trim()}`);
  }
  return faults;
}

/** Runs in the page. */
function measure(texts) {
  const faults = [];
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const tell = (element) => {
    const words = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().replaceAll(/\s+/g, ' ');
    return `<${element.localName}> ${words.slice(0, 60)}`;
  };
  const elements = [...document.body.querySelectorAll('*')].filter(shown);
  const hidden = (element) => element.closest('[aria-hidden="true"], [inert]') !== null;

  // The page is as wide as the window, and nothing in it has to be pushed sideways to be read.
  const over = document.scrollingElement.scrollWidth - innerWidth;
  if (over > 1) faults.push(`the page is ${over} px too wide`);
  for (const element of elements) {
    const { overflowX } = getComputedStyle(element);
    if (!['auto', 'scroll'].includes(overflowX) || element.scrollWidth <= element.clientWidth + 1) continue;
    // Tabs scroll, and the open one is brought into sight; code and what is typed keep their lines.
    if (element.closest('[role=tablist], pre, textarea, input')) continue;
    faults.push(`has to be scrolled sideways by ${element.scrollWidth - element.clientWidth} px: ${tell(element)}`);
  }
  const cut = new Set();
  for (const element of elements) {
    const style = getComputedStyle(element);
    if (!element.matches('button, button *, label, th, [role=tab] *')) continue;
    if (style.overflow.includes('hidden') && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1) cut.add(tell(element));
  }
  for (const text of cut) faults.push(`cut off: ${text}`);

  // Contrast (WCAG 1.4.3), for whatever stands on plain colors.
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const blend = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const luminance = (color) => {
    const [r, g, b] = color.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(at);
      if (backgroundImage !== 'none' || ['video', 'img'].includes(at.localName)) return null;
      const color = rgba(backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => blend(layer, below), [255, 255, 255, 1]);
  };
  const weak = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element) || element.closest('script, style, option')) continue;
    if (element.closest(':disabled, [aria-disabled=true], [data-disabled]') || hidden(element)) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const below = behind(element);
    if (!below) continue;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(blend(rgba(style.color), below)), luminance(below)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5) - 0.01) weak.add(`contrast ${ratio.toFixed(2)}: ${tell(element)}`);
  }
  faults.push(...weak);

  // Nothing speaks in keys or in placeholders.
  const parent = (path) => path.split('.').slice(0, -1).reduce((at, part) => at?.[part], texts);
  const isKey = (path) => parent(path)?.[path.split('.').at(-1)] !== undefined || (path.split('.').length > 2 && typeof parent(path) === 'object');
  const said = [document.title, document.body.innerText];
  for (const element of elements) {
    for (const name of ['aria-label', 'placeholder', 'title', 'alt']) said.push(element.getAttribute(name) ?? '');
  }
  for (const text of said) {
    const found = text.match(/[a-z][a-zA-Z]*(\.[a-zA-Z_]+)+/g)?.find(isKey) ?? /\{\{|\bundefined\b|\bNaN\b|\[object|Invalid Date/.exec(text)?.[0];
    if (found) faults.push(`not a text: ${found}`);
  }

  // Controls that a finger can hit (WCAG 2.5.8), but for links in a line of text.
  for (const element of elements) {
    if (!element.matches('button, [role=button], [role=tab], [role=menuitem], input:not([type=hidden]), select, a[href]') || hidden(element)) continue;
    const { width, height } = element.getBoundingClientRect();
    if (width <= 1 || height <= 1 || getComputedStyle(element).opacity === '0') continue; // its label is what is hit
    if (element.localName === 'a' && getComputedStyle(element).display.startsWith('inline')) continue;
    if (element.type === 'range' || element.closest('[class*=MultiSelect], [class*=TagsInput]') || (width >= 23.9 && height >= 23.9)) continue;
    faults.push(`${Math.round(width)}×${Math.round(height)} px to hit: ${tell(element)}`);
  }

  // Who speaks to a computer says what stands on a button (WCAG 2.5.3).
  for (const element of elements) {
    if (!element.matches('button[aria-label], a[aria-label]')) continue;
    const words = (text) => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim();
    const [seen, heard] = [words(element.innerText), words(element.getAttribute('aria-label'))];
    if (seen && !heard.includes(seen)) faults.push(`shows "${seen}" and is called "${heard}"`);
  }

  // The bones of the page.
  const ids = new Set();
  for (const { id } of document.querySelectorAll('[id]')) {
    if (ids.has(id)) faults.push(`two elements with the id ${id}`);
    ids.add(id);
  }
  for (const element of elements) {
    for (const name of ['aria-labelledby', 'aria-describedby', 'aria-controls']) {
      for (const id of element.getAttribute(name)?.split(/\s+/).filter(Boolean) ?? []) {
        if (name === 'aria-controls' && element.getAttribute('aria-expanded') !== 'true') continue;
        if (!document.getElementById(id)) faults.push(`${name} of nothing: ${tell(element)}`);
      }
    }
  }
  const headings = elements.filter((element) => element.matches('h1') && !element.closest('[role=dialog]'));
  if (headings.length !== 1) faults.push(`${headings.length} headings of the first level`);
  const mains = elements.filter((element) => element.matches('main, [role=main]'));
  if (mains.length !== 1) faults.push(`${mains.length} main regions`);
  let level = 0;
  for (const element of elements.filter((one) => one.matches('h1, h2, h3, h4, h5, h6') && !one.closest('[role=dialog]'))) {
    const next = Number(element.localName[1]);
    if (level && next > level + 1) faults.push(`a heading of level ${next} after one of level ${level}: ${tell(element)}`);
    level = next;
  }
  if (!document.title) faults.push('no title');
  for (const image of document.images) if (image.alt === null || !image.hasAttribute('alt')) faults.push(`a picture without words: ${image.src.slice(0, 60)}`);
  return [...new Set(faults)];
}
