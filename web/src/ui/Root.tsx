import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { DatesProvider } from '@mantine/dates';
import { Notifications } from '@mantine/notifications';
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Outlet, useLocation } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { cssVariables, theme } from './theme';

const colorSchemes = localStorageColorSchemeManager({ key: 'baraza.color-scheme' });

/** What every page stands in. The room is dark whatever the person chose for the rest. */
export function Root({ queryClient }: { queryClient: QueryClient }) {
  const { i18n } = useTranslation();
  const inRoom = useLocation({ select: ({ pathname }) => /^\/(meetings|guest)\/[^/]+\/?$/.test(pathname) });
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemes}
      forceColorScheme={inRoom ? 'dark' : undefined}
    >
      <DatesProvider settings={{ locale: i18n.language, firstDayOfWeek: 1 }}>
        <QueryClientProvider client={queryClient}>
          <Notifications position="top-center" />
          <Outlet />
        </QueryClientProvider>
      </DatesProvider>
    </MantineProvider>
  );
}
