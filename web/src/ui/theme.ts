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

// Mantine's own, with deeper ends: text in them, and white on them, must be read with ease.
const green: MantineColorsTuple = [
  '#ebfbee',
  '#d9f2df',
  '#b2e2bd',
  '#8cd39c',
  '#69c47d',
  '#4bab62',
  '#33934a',
  '#2b7a3d',
  '#247036',
  '#1f6b33',
];

const yellow: MantineColorsTuple = [
  '#fff8e6',
  '#fdf0cf',
  '#fbe2a5',
  '#f7d077',
  '#f0bc4b',
  '#e3a526',
  '#c98a10',
  '#9a6605',
  '#8a5a03',
  '#7a4a00',
];

const red: MantineColorsTuple = [
  '#fff5f5',
  '#ffe3e3',
  '#ffc9c9',
  '#ffa8a8',
  '#ff8787',
  '#f06a62',
  '#dc3f3a',
  '#c92a2a',
  '#b02525',
  '#9c1f1f',
];

/** Colours on which white initials can be read. */
export const INITIALS_COLORS = ['clay', 'indigo', 'violet', 'grape', 'pink', 'green', 'yellow'];

export const theme = createTheme({
  colors: { clay, gray, dark, green, yellow, red },
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
  components: {
    // A badge breaks rather than cuts its word.
    Badge: {
      styles: {
        root: { textTransform: 'none', height: 'auto', minHeight: 'var(--badge-height)' },
        label: { whiteSpace: 'normal', overflow: 'visible' },
      },
    },
    // On phones tabs scroll rather than break.
    Tabs: { styles: { list: { flexWrap: 'nowrap', overflow: 'auto hidden' } } },
    // Large enough to hit.
    Checkbox: { defaultProps: { size: 'md' } },
    Radio: { defaultProps: { size: 'md' } },
    // The placeholder would stand among the menu's items as one that is none.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Modal: { styles: { title: { fontWeight: 650, fontSize: '1.1rem' } } },
    // A dialog's head is no banner of the page.
    ModalHeader: { defaultProps: { role: 'none' } },
  },
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
