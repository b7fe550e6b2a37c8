import dayjs from 'dayjs';
import 'dayjs/locale/sw';
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './en.json';
import sw from './sw.json';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

/** The languages of the pages, each named in itself. */
export const LANGUAGES = { en: 'English', sw: 'Kiswahili' } as const;
export type Language = keyof typeof LANGUAGES;

const STORED = 'baraza.language';

function preferred(): Language {
  const wishes = [localStorage.getItem(STORED), ...navigator.languages];
  const found = wishes.map((wish) => wish?.slice(0, 2)).find((wish) => wish && wish in LANGUAGES);
  return (found as Language | undefined) ?? 'en';
}

/** Reads the language from the person's choice, else from the browser. */
export function startLanguages() {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language;
    dayjs.locale(language);
  });
  return i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, sw: { translation: sw } },
    lng: preferred(),
    fallbackLng: 'en',
    interpolation: { escapeValue: false },
  });
}

export function chooseLanguage(language: Language) {
  localStorage.setItem(STORED, language);
  return i18next.changeLanguage(language);
}

/**
 * The locale for dates and numbers: the browser's own variant of the chosen language where it has one
 * (so that a Kenyan reads Kenyan dates), else the language alone.
 */
export function formatLocale(language: string): string {
  return navigator.languages.find((tag) => tag.slice(0, 2) === language) ?? language;
}
