import { useTranslation } from 'react-i18next';
import type { Meeting } from '../../api/types';

const KNOWN = ['zoom', 'google_meet', 'teams', 'webex'] as const;

/** What whoever runs a meeting's room is called; by the domain where we know no name. */
export function useProviderName() {
  const { t } = useTranslation();
  return ({ provider, external_url }: Pick<Meeting, 'provider' | 'external_url'>): string => {
    const known = KNOWN.find((name) => name === provider);
    if (known) return t(`provider.${known}`);
    return external_url ? new URL(external_url).hostname : t('provider.other');
  };
}
