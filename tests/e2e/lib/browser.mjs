// Chromium with a camera and a microphone that show and play something.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { chromium } from 'playwright-core';

import { until } from './until.mjs';

const OUT = resolve(import.meta.dirname, '../out');
const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? PROGRAMS.find(existsSync),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
    ],
  });
}

/** A person at a browser of their own, as far as cookies and storage go. */
export async function person(browser, url, more = {}) {
  const context = await browser.newContext({
    baseURL: url,
    locale: 'en-GB',
    timezoneId: 'Africa/Nairobi',
    permissions: ['camera', 'microphone'],
    viewport: { width: 1280, height: 800 },
    ...more,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.message));
  return page;
}

/** Keeps a picture of each page, for a look after a failure. */
export async function pictures(name, ...pages) {
  await mkdir(OUT, { recursive: true });
  for (const [index, page] of pages.entries()) await page.screenshot({ path: join(OUT, `${name}-${index + 1}.png`) });
}

/** Waits until a `<video>` shows frame after frame of a picture that is not black. */
export function plays(video, what) {
  return until(what, () =>
    video.evaluate(async (element) => {
      if (element.videoWidth === 0) return false;
      const frames = () => element.getVideoPlaybackQuality().totalVideoFrames;
      const before = frames();
      await new Promise((done) => setTimeout(done, 500));
      if (frames() <= before) return false;
      const canvas = new OffscreenCanvas(32, 18);
      const context = canvas.getContext('2d');
      context.drawImage(element, 0, 0, 32, 18);
      const { data } = context.getImageData(0, 0, 32, 18);
      return data.some((value, index) => index % 4 !== 3 && value > 40);
    }),
  );
}

/** The loudest that came out of the page's `<audio>` elements within some seconds. */
export function loudest(page, seconds) {
  return page.evaluate(async (ms) => {
    const context = new AudioContext();
    await context.resume();
    const analysers = [...document.querySelectorAll('audio')]
      .filter(({ srcObject, muted }) => srcObject && !muted)
      .map(({ srcObject }) => {
        const analyser = context.createAnalyser();
        context.createMediaStreamSource(srcObject).connect(analyser);
        return analyser;
      });
    let peak = 0;
    const samples = new Float32Array(2048);
    for (const end = performance.now() + ms; performance.now() < end; ) {
      for (const analyser of analysers) {
        analyser.getFloatTimeDomainData(samples);
        for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
      }
      await new Promise((done) => setTimeout(done, 20));
    }
    await context.close();
    return peak;
  }, seconds * 1000);
}
