import { Button, Center, Loader, Text } from '@mantine/core';
import { DatesProvider } from '@mantine/dates';
import { useLocalStorage } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { signOut } from '../../api/session';
import type { Me } from '../../api/types';
import { ErrorPage, NarrowPage } from '../../ui/pages';
import { settingsQuery } from '../settings/queries';
import { CreateOrganizationForm } from './CreateOrganizationForm';
import { meQuery } from './queries';

type Membership = Me['memberships'][number];

type Here = {
  me: Me['user'];
  memberships: Membership[];
  is_suspended: boolean;
  /** The organization that the pages show. */
  organization: Membership['organization'];
  role: Membership['role'];
  /** Whether they may read the mail that is kept because no mail server is configured. */
  mailbox: boolean;
  /** What the role allows there. */
  permissions: Membership['permissions'];
  switchTo: (id: string) => void;
};

const Context = createContext<Here | null>(null);

/** The signed-in person and the organization they look at. */
export function useHere(): Here {
  const here = useContext(Context);
  if (!here) throw new Error('useHere needs OrganizationGate above it');
  return here;
}

/** Nobody works in a suspended organization; those who have another go there. */
function SuspendedPage() {
  const { t } = useTranslation();
  const { organization, memberships, switchTo } = useHere();
  return (
    <NarrowPage title={t('organization.suspended')}>
      <Text>{t('organization.suspendedText', { name: organization.name })}</Text>
      {memberships
        .filter(({ is_suspended }) => !is_suspended)
        .map(({ organization: { id, name } }) => (
          <Button key={id} variant="default" onClick={() => switchTo(id)}>
            {t('organization.goTo', { name })}
          </Button>
        ))}
      <Button variant="subtle" onClick={() => void signOut()}>
        {t('shell.signOut')}
      </Button>
    </NarrowPage>
  );
}

/** Loads who is here; a person without any organization is asked to create one. */
export function OrganizationGate() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(meQuery);
  const [chosen, switchTo] = useLocalStorage<string | null>({
    key: 'baraza.organization',
    defaultValue: null,
    getInitialValueInEffect: false,
  });

  const here = useMemo(() => {
    const current =
      data?.memberships.find(({ organization }) => organization.id === chosen) ??
      data?.memberships.find(({ is_suspended }) => !is_suspended) ??
      data?.memberships[0];
    if (!data || !current) return null;
    const { user: me, memberships, mailbox } = data;
    return { ...current, me, memberships, mailbox, switchTo };
  }, [data, chosen, switchTo]);

  if (here)
    return (
      <Context value={here}>
        {here.is_suspended ? (
          <SuspendedPage />
        ) : (
          <Weeks>
            <Outlet />
          </Weeks>
        )}
      </Context>
    );
  if (data)
    return (
      <NarrowPage title={t('organization.none')}>
        <Text>{t('organization.noneText')}</Text>
        <CreateOrganizationForm onCreated={switchTo} />
        <Button variant="subtle" onClick={() => void signOut()}>
          {t('shell.signOut')}
        </Button>
      </NarrowPage>
    );
  if (error) return <ErrorPage error={error} reset={() => void refetch()} />;
  return (
    <Center mih="100dvh">
      <Loader aria-label={t('shell.loading')} />
    </Center>
  );
}

const FIRST_DAYS = { sunday: 0, monday: 1, saturday: 6 } as const;

/** Calendars begin the week as the organization does. */
function Weeks({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation();
  const { organization } = useHere();
  const { data } = useQuery(settingsQuery(organization.id));
  const firstDayOfWeek = FIRST_DAYS[data?.week_starts_on ?? 'monday'];
  return <DatesProvider settings={{ locale: i18n.language, firstDayOfWeek }}>{children}</DatesProvider>;
}
