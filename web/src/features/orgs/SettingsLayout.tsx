import { NavLink, ScrollArea, Stack, Title } from '@mantine/core';
import { Link, type LinkProps, Outlet } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Permission } from '../../api/types';
import { useHere } from './OrganizationGate';
import classes from './SettingsLayout.module.css';

/** The pages of the settings; one that names a permission is there for those who have it. */
const PLACES = [
  { to: '/settings', key: 'settings.general' },
  { to: '/settings/meetings', key: 'orgSettings.title' },
  { to: '/settings/fields', key: 'fields.title' },
  { to: '/settings/permissions', key: 'settings.permissions' },
  { to: '/settings/keys', key: 'settings.keys', needs: 'keys.manage' },
  { to: '/settings/devices', key: 'settings.devices', needs: 'keys.manage' },
  { to: '/settings/audit', key: 'settings.audit', needs: 'audit.view' },
] as const satisfies { to: LinkProps['to']; key: string; needs?: Permission }[];

/** The frame of all settings: their pages beside the one that is open, above it on phones. */
export function SettingsLayout() {
  const { t } = useTranslation();
  const { permissions } = useHere();
  const places = PLACES.filter((place) => !('needs' in place) || permissions.includes(place.needs));
  return (
    <Stack maw={1200} mx="auto" gap="md">
      <Title order={1}>{t('nav.settings')}</Title>
      <div className={classes.frame}>
        <ScrollArea type="never" className={classes.places} component="nav" aria-label={t('settings.pages')}>
          <div className={classes.list}>
            {places.map(({ to, key }) => (
              <Link key={to} to={to} className={classes.place} activeOptions={{ exact: to === '/settings' }}>
                {({ isActive }) => (
                  <NavLink component="span" active={isActive} label={t(key)} className={classes.inner} />
                )}
              </Link>
            ))}
          </div>
        </ScrollArea>
        <div className={classes.page}>
          <Outlet />
        </div>
      </div>
    </Stack>
  );
}
