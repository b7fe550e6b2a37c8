import {
  Anchor,
  AppShell,
  Avatar,
  Group,
  type MantineColorScheme,
  Menu,
  NavLink,
  Stack,
  Text,
  UnstyledButton,
  useMantineColorScheme,
  VisuallyHidden,
} from '@mantine/core';
import {
  type Icon,
  IconCalendarEvent,
  IconChartBar,
  IconChevronDown,
  IconDoor,
  IconDots,
  IconLogout,
  IconMail,
  IconMovie,
  IconSelector,
  IconServer,
  IconSettings,
  IconShieldLock,
  IconUserCircle,
  IconUsers,
} from '@tabler/icons-react';
import { Link, type LinkProps, Outlet, useLocation } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { signOut } from '../api/session';
import { useHere } from '../features/orgs/OrganizationGate';
import { chooseLanguage, LANGUAGES, type Language } from '../locales';
import { Logo } from './Logo';
import { PersonAvatar } from './PersonAvatar';
import classes from './Shell.module.css';

const PLACES = [
  { to: '/meetings', key: 'nav.meetings', icon: IconCalendarEvent },
  { to: '/bookings', key: 'nav.bookings', icon: IconDoor },
  { to: '/vault', key: 'nav.vault', icon: IconMovie },
  { to: '/people', key: 'nav.people', icon: IconUsers },
  { to: '/reports', key: 'nav.reports', icon: IconChartBar },
  { to: '/settings', key: 'nav.settings', icon: IconSettings },
  { to: '/system', key: 'nav.system', icon: IconServer },
] as const satisfies { to: LinkProps['to']; key: string; icon: Icon }[];

/** The system's page is there for its administrators only. */
function usePlaces() {
  const { me } = useHere();
  return PLACES.filter(({ to }) => to !== '/system' || me.is_system_admin);
}

/** So many places stand in the bar of a phone, beside the menu with the others. */
const ON_PHONES = 4;

const HERE = { 'aria-current': 'page', 'data-status': 'active' } as const;

/** What marks the place where one is. A recording's page stands in the vault, whatever its address is. */
function useMarkOf() {
  const pathname = useLocation({ select: (location) => location.pathname });
  const here = pathname.replace(/^\/recordings\//, '/vault/');
  return (to: string) => (here === to || here.startsWith(`${to}/`) ? HERE : undefined);
}

/** The frame of all pages but the room: a bar on the left, at the bottom on phones. */
export function Shell() {
  const { t } = useTranslation();
  const places = usePlaces();
  const markOf = useMarkOf();
  return (
    <AppShell
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: true } }}
      header={{ height: { base: 56, sm: 0 } }}
      footer={{ height: { base: 60, sm: 0 } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a href="#main" className={classes.skip}>
        {t('shell.skip')}
      </a>
      <AppShell.Header hiddenFrom="sm" px="sm">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <OrganizationSwitcher />
          <PersonMenu compact />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" visibleFrom="sm" aria-label={t('nav.label')}>
        <Stack gap="md" h="100%">
          <Logo />
          <OrganizationSwitcher />
          <Stack gap={2} style={{ flex: 1 }}>
            {places.map(({ to, key, icon: Picture }) => (
              <Link key={to} to={to} className={classes.place} {...markOf(to)}>
                <NavLink
                  component="span"
                  active={markOf(to) !== undefined}
                  label={t(key)}
                  leftSection={<Picture size={18} aria-hidden />}
                  classNames={{ root: classes.placeInner }}
                />
              </Link>
            ))}
          </Stack>
          <PersonMenu />
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <AppShell.Footer
        hiddenFrom="sm"
        component="nav"
        aria-label={t('nav.label')}
        className={classes.bottomBar}
      >
        {places.slice(0, ON_PHONES).map(({ to, key, icon: Picture }) => (
          <Anchor
            key={to}
            component={Link}
            to={to}
            className={classes.bottomPlace}
            underline="never"
            {...markOf(to)}
          >
            <Picture size={22} aria-hidden />
            {t(key)}
          </Anchor>
        ))}
        <MorePlaces places={places.slice(ON_PHONES)} markOf={markOf} />
      </AppShell.Footer>
    </AppShell>
  );
}

type MoreProps = { places: ReturnType<typeof usePlaces>; markOf: ReturnType<typeof useMarkOf> };

/** The places that a phone's bar has no room for. */
function MorePlaces({ places, markOf }: MoreProps) {
  const { t } = useTranslation();
  return (
    <Menu width={220} position="top-end">
      <Menu.Target>
        <UnstyledButton
          className={classes.bottomPlace}
          data-status={places.some(({ to }) => markOf(to)) ? 'active' : undefined}
        >
          <IconDots size={22} aria-hidden />
          {t('nav.more')}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {places.map(({ to, key, icon: Picture }) => (
          <Menu.Item
            key={to}
            leftSection={<Picture size={16} aria-hidden />}
            renderRoot={(props) => <Link to={to} {...props} {...markOf(to)} />}
          >
            {t(key)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function OrganizationSwitcher() {
  const { t } = useTranslation();
  const { organization, memberships, switchTo } = useHere();
  const here = (
    <>
      <Avatar size="sm" radius="sm" color="clay" variant="filled" aria-hidden>
        {organization.name.slice(0, 1).toUpperCase()}
      </Avatar>
      <Text fw={600} size="sm" lh={1.25} lineClamp={2} className={classes.organization}>
        {organization.name}
      </Text>
    </>
  );
  if (memberships.length < 2)
    return (
      <Group gap="xs" wrap="nowrap" miw={0}>
        {here}
      </Group>
    );
  return (
    <Menu width={260} position="bottom-start">
      <Menu.Target>
        <UnstyledButton className={classes.switcher}>
          <VisuallyHidden>{t('shell.organization')}</VisuallyHidden>
          {here}
          <IconSelector size={16} aria-hidden style={{ flex: 'none' }} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('shell.organization')}</Menu.Label>
        <Menu.RadioGroup value={organization.id} onChange={switchTo}>
          {memberships.map(({ organization: { id, name } }) => (
            <Menu.RadioItem key={id} value={id} closeMenuOnClick>
              {name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

function PersonMenu({ compact = false }: { compact?: boolean }) {
  const { t, i18n } = useTranslation();
  const { me, role, mailbox } = useHere();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu width={240} position={compact ? 'bottom-end' : 'top-start'}>
      <Menu.Target>
        <UnstyledButton className={classes.person}>
          <PersonAvatar name={me.name} url={me.avatar_url} size={compact ? 36 : 32} />
          {compact ? (
            <VisuallyHidden>{t('shell.personMenu', { name: me.name })}</VisuallyHidden>
          ) : (
            <>
              <div className={classes.personText}>
                <Text size="sm" fw={600} truncate>
                  {me.name}
                </Text>
                <Text size="xs" c="dimmed" truncate>
                  {t(`role.${role}`)}
                </Text>
              </div>
              <VisuallyHidden>{t('shell.account')}</VisuallyHidden>
              <IconChevronDown size={16} aria-hidden />
            </>
          )}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.email}</Menu.Label>
        <Menu.Item
          leftSection={<IconUserCircle size={16} aria-hidden />}
          renderRoot={(props) => <Link to="/profile" {...props} />}
        >
          {t('nav.profile')}
        </Menu.Item>
        <Menu.Label>{t('shell.language')}</Menu.Label>
        <Menu.RadioGroup
          value={i18n.language}
          onChange={(language) => void chooseLanguage(language as Language)}
        >
          {Object.entries(LANGUAGES).map(([language, name]) => (
            <Menu.RadioItem key={language} value={language} lang={language}>
              {name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Label>{t('shell.colors')}</Menu.Label>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}
        >
          {(['auto', 'light', 'dark'] as const).map((scheme) => (
            <Menu.RadioItem key={scheme} value={scheme}>
              {t(`shell.scheme.${scheme}`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconShieldLock size={16} aria-hidden />}
          renderRoot={(props) => <Link to="/profile/security" {...props} />}
        >
          {t('security.title')}
        </Menu.Item>
        {mailbox && (
          <Menu.Item
            leftSection={<IconMail size={16} aria-hidden />}
            renderRoot={(props) => <Link to="/mailbox" {...props} />}
          >
            {t('mailbox.title')}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut()}>
          {t('shell.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
