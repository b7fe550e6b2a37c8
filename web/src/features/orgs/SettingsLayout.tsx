import { Box, Button, Menu, NavLink, Stack, Title } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { Link, type LinkProps, Outlet, useLocation } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Permission } from '../../api/types';
import { useHere } from './OrganizationGate';
import classes from './SettingsLayout.module.css';

/** The pages of the settings; one that names a permission is there for those who have it. */
const PLACES = [
  { to: '/settings', key: 'settings.general' },
  { to: '/settings/meetings', key: 'orgSettings.title' },
  { to: '/settings/resources', key: 'resources.title' },
  { to: '/settings/fields', key: 'fields.title' },
  { to: '/settings/engagement', key: 'engagement.title' },
  { to: '/settings/permissions', key: 'settings.permissions' },
  { to: '/settings/keys', key: 'settings.keys', needs: 'keys.manage' },
  { to: '/settings/devices', key: 'settings.devices', needs: 'keys.manage' },
  { to: '/settings/audit', key: 'settings.audit', needs: 'audit.view' },
] as const satisfies { to: LinkProps['to']; key: string; needs?: Permission }[];

/** The frame of all settings: their pages beside the one that is open, above it on phones. */
export function SettingsLayout() {
  const { t } = useTranslation();
  const { permissions } = useHere();
  const path = useLocation({ select: ({ pathname }) => pathname.replace(/\/$/, '') });
  const open = PLACES.find(({ to }) => to === path);
  const places = PLACES.filter((place) => !('needs' in place) || permissions.includes(place.needs));
  return (
    <Stack maw={1200} mx="auto" gap="md">
      <Title order={1}>{t('nav.settings')}</Title>
      <div className={classes.frame}>
        <Box component="nav" aria-label={t('settings.pages')} visibleFrom="sm">
          <div className={classes.list}>
            {places.map(({ to, key }) => (
              <Link key={to} to={to} className={classes.place} activeOptions={{ exact: to === '/settings' }}>
                {({ isActive }) => (
                  <NavLink component="span" active={isActive} label={t(key)} className={classes.inner} />
                )}
              </Link>
            ))}
          </div>
        </Box>
        <Box component="nav" aria-label={t('settings.pages')} hiddenFrom="sm">
          <Menu width="target" position="bottom">
            <Menu.Target>
              <Button
                fullWidth
                variant="default"
                justify="space-between"
                rightSection={<IconChevronDown size={16} aria-hidden />}
              >
                {t((open ?? PLACES[0]).key)}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {places.map(({ to, key }) => (
                <Menu.Item key={to} renderRoot={(props) => <Link to={to} {...props} />}>
                  {t(key)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </Box>
        <div className={classes.page}>
          <Outlet />
        </div>
      </div>
    </Stack>
  );
}
