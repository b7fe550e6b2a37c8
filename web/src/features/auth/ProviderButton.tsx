import { Button, Divider } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';

/** The way in through the provider, where one is set up; nothing while that is not known. */
export function ProviderButton({ to, invitation }: { to: string; invitation?: string }) {
  const { t } = useTranslation();
  const { data } = useQuery({
    queryKey: ['sign-in methods'],
    queryFn: () => take(publicApi.GET('/api/v1/auth/methods')),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!data?.oidc) return null;
  const { name, start_url } = data.oidc;
  const query = new URLSearchParams({ return_to: to, ...(invitation && { invitation }) });
  return (
    <>
      <Button component="a" href={`${start_url}?${query}`} variant="default" size="md">
        {name ? t('login.provider', { name }) : t('login.providerUnnamed')}
      </Button>
      <Divider label={t('login.or')} />
    </>
  );
}
