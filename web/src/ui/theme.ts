import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

// The accent: fired clay. Shade 7 carries white text with more than 5:1.
const clay: MantineColorsTuple = [
  '#fdf2ed',
  '#f8e0d6',
  '#efc0ab',
  '#e59c7d',
  '#dc7f56',
  '#d26a3e',
  '#bd5630',
  '#a5472a',
  '#8b3c25',
  '#703120',
];

// Greys with a little warmth, so that pages feel like paper rather than steel.
const gray: MantineColorsTuple = [
  '#faf7f3',
  '#f3efe9',
  '#e9e3db',
  '#dcd5cb',
  '#c8c0b4',
  '#a79e91',
  '#7c7468',
  '#5c554b',
  '#3d3832',
  '#26221e',
];

const dark: MantineColorsTuple = [
  '#d8d2ca',
  '#b9b2a8',
  '#a29a8f',
  '#6d665d',
  '#4a443d',
  '#3b3630',
  '#2a2622',
  '#211e1a',
  '#1b1815',
  '#14110f',
];

export const theme = createTheme({
  colors: { clay, gray, dark },
  primaryColor: 'clay',
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.2rem' }, h3: { fontSize: '1rem' } },
  },
  respectReducedMotion: true,
  cursorType: 'pointer',
});

/** Colours that Mantine's defaults give too little contrast for. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#fffdfa',
    '--mantine-color-dimmed': '#655d52',
    '--mantine-color-placeholder': '#736a5e',
    '--mantine-color-error': '#b3261e',
    '--baraza-page': '#faf7f3',
  },
  dark: {
    '--mantine-color-dimmed': '#a9a196',
    '--mantine-color-placeholder': '#958d82',
    '--mantine-color-error': '#ff9c8f',
    '--mantine-color-anchor': '#e59c7d',
    '--baraza-page': '#14110f',
  },
});
