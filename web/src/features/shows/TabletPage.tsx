import {
  ActionIcon,
  Button,
  Card,
  Group,
  Loader,
  Menu,
  PasswordInput,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { IconCheck, IconDoorEnter, IconDots } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';
import { Problem } from '../../api/problem';
import { ProblemNote } from '../../ui/ProblemNote';
import { NarrowPage, usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { arrange, type DeviceMeeting, deviceToken, isOpen } from './tablet';

const as = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

/** What a tablet at the door shows: what takes place now, and one large button to say so. */
export function TabletPage() {
  const { t } = useTranslation();
  const [token, setToken] = useState(deviceToken.get);
  usePageTitle(t('tablet.title'));
  if (!token)
    return (
      <TokenForm
        onToken={(given) => {
          deviceToken.set(given);
          setToken(given);
        }}
      />
    );
  return (
    <Board
      token={token}
      onForget={() => {
        deviceToken.forget();
        setToken(null);
      }}
    />
  );
}

function TokenForm({ onToken }: { onToken: (token: string) => void }) {
  const { t } = useTranslation();
  const [given, setGiven] = useState('');
  const check = useMutation({
    mutationFn: (token: string) => take(publicApi.GET('/api/v1/device', as(token))),
    onSuccess: (_, token) => onToken(token),
  });
  return (
    <NarrowPage title={t('tablet.title')}>
      <Text>{t('tablet.setUp')}</Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (given.trim()) check.mutate(given.trim());
        }}
      >
        <Stack>
          {check.error && <ProblemNote error={check.error} />}
          <PasswordInput
            label={t('tablet.token')}
            size="lg"
            required
            autoComplete="off"
            autoFocus
            value={given}
            onChange={(event) => setGiven(event.currentTarget.value)}
          />
          <Button type="submit" size="lg" loading={check.isPending}>
            {t('tablet.start')}
          </Button>
        </Stack>
      </form>
    </NarrowPage>
  );
}

function Board({ token, onForget }: { token: string; onForget: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(5);
  const device = useQuery({
    queryKey: ['device', token],
    queryFn: () => take(publicApi.GET('/api/v1/device', as(token))),
    staleTime: 600_000,
  });
  const { data, error, refetch } = useQuery({
    queryKey: ['device', token, 'meetings'],
    queryFn: () => take(publicApi.GET('/api/v1/device/meetings', as(token))),
    refetchInterval: 30_000,
  });
  const refused = error !== null && Problem.of(error).status === 401;
  const { current, next } = arrange(data?.items ?? [], now);
  return (
    <Stack component="main" mih="100dvh" p="xl" gap="xl">
      <Group justify="space-between" align="start">
        <Stack gap={0}>
          <Title order={1}>{device.data?.label ?? t('tablet.title')}</Title>
          <Text c="dimmed">{device.data?.organization.name}</Text>
        </Stack>
        <Group>
          <Text
            fz={40}
            fw={650}
            aria-label={t('tablet.clock')}
            style={{ fontVariantNumeric: 'tabular-nums' }}
          >
            {format.time(now.toISOString())}
          </Text>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" size="xl" aria-label={t('tablet.more')}>
                <IconDots aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => void document.documentElement.requestFullscreen?.()}>
                {t('tablet.fullScreen')}
              </Menu.Item>
              <Menu.Item color="red" onClick={onForget}>
                {t('tablet.forget')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      {error && <ProblemNote error={error} onRetry={refused ? undefined : () => void refetch()} />}
      {refused && (
        <Button size="lg" onClick={onForget} style={{ alignSelf: 'start' }}>
          {t('tablet.another')}
        </Button>
      )}
      {!data && !error && <Loader aria-label={t('shell.loading')} />}
      {data && (
        <>
          <Stack component="section" aria-label={t('tablet.now')}>
            <Title order={2}>{t('tablet.now')}</Title>
            {current.length === 0 && (
              <Text fz="xl" c="dimmed">
                {t('tablet.free')}
              </Text>
            )}
            {current.map((meeting) => (
              <Current key={meeting.id} meeting={meeting} token={token} now={now} />
            ))}
          </Stack>
          {next.length > 0 && (
            <Stack component="section" aria-label={t('tablet.next')}>
              <Title order={2}>{t('tablet.next')}</Title>
              {next.slice(0, 5).map((meeting) => (
                <Group key={meeting.id} gap="lg" wrap="nowrap">
                  <Text fz="xl" fw={600} style={{ fontVariantNumeric: 'tabular-nums', flex: 'none' }}>
                    {format.time(meeting.scheduled_start)}
                  </Text>
                  <Text fz="xl" style={{ overflowWrap: 'anywhere' }}>
                    {[meeting.title, meeting.location].filter(Boolean).join(' · ')}
                  </Text>
                </Group>
              ))}
            </Stack>
          )}
        </>
      )}
    </Stack>
  );
}

function Current({ meeting, token, now }: { meeting: DeviceMeeting; token: string; now: Date }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queryClient = useQueryClient();
  const show = useMutation({
    mutationFn: () =>
      take(
        publicApi.POST('/api/v1/meetings/{id}/show', { params: { path: { id: meeting.id } }, ...as(token) }),
      ),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['device', token, 'meetings'] }),
  });
  return (
    <Card withBorder padding="xl" radius="lg">
      <Stack gap="lg">
        <Stack gap={4}>
          <Text fz={{ base: 28, sm: 36 }} fw={700} lh={1.2} style={{ overflowWrap: 'anywhere' }}>
            {meeting.title}
          </Text>
          <Text fz="xl" c="dimmed">
            {[
              [meeting.scheduled_start, meeting.scheduled_end]
                .filter((time) => time != null)
                .map((time) => format.time(time))
                .join(' – '),
              ...(meeting.location ? [meeting.location] : []),
              ...(meeting.host_name ? [t('meeting.hostedBy', { name: meeting.host_name })] : []),
            ].join(' · ')}
          </Text>
        </Stack>
        {show.error && <ProblemNote error={show.error} />}
        <div aria-live="polite">
          {meeting.show_status === 'attended' && (
            <Group gap="sm" c="green">
              <IconCheck size={40} aria-hidden />
              <Text fz={28} fw={650}>
                {t('tablet.confirmed', { time: format.time(meeting.shown_at ?? meeting.scheduled_start) })}
              </Text>
            </Group>
          )}
        </div>
        {isOpen(meeting, now) && (
          <Button
            h={112}
            fz={32}
            radius="lg"
            fullWidth
            loading={show.isPending}
            leftSection={<IconDoorEnter size={40} aria-hidden />}
            onClick={() => show.mutate()}
          >
            {t('tablet.checkIn')}
          </Button>
        )}
      </Stack>
    </Card>
  );
}
