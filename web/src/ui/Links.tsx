import { Badge, Button, Card, Group, Stack, Text } from '@mantine/core';
import { IconLinkOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { CopyLink } from './CopyLink';

/** A link that was just made. `once` says that it is shown now and never again. */
export function MadeLink({ url, once, onAnother }: { url: string; once: string; onAnother: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs" role="status">
      <CopyLink url={url} label={t('links.copy')} />
      <Text size="xs" c="dimmed">
        {once}
      </Text>
      <Group>
        <Button variant="default" onClick={onAnother}>
          {t('links.another')}
        </Button>
      </Group>
    </Stack>
  );
}

export type LinkState = 'open' | 'revoked' | 'expired' | 'usedUp';

type Props = {
  name: string;
  facts: readonly string[];
  state: LinkState;
  revoking: boolean;
  onRevoke: () => void;
};

/** A link that was made some time: how it is used, and as long as it opens, how to revoke it. */
export function LinkRow({ name, facts, state, revoking, onRevoke }: Props) {
  const { t } = useTranslation();
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between" wrap="nowrap">
        <div style={{ minWidth: 0 }}>
          <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Text>
          <Text size="xs" c="dimmed">
            {facts.join(' · ')}
          </Text>
        </div>
        {state === 'open' ? (
          <Button
            size="xs"
            color="red"
            variant="light"
            style={{ flex: 'none' }}
            leftSection={<IconLinkOff size={14} aria-hidden />}
            aria-label={t('links.revokeOf', { name })}
            loading={revoking}
            onClick={onRevoke}
          >
            {t('links.revoke')}
          </Button>
        ) : (
          <Badge color="gray" variant="light" style={{ flex: 'none' }}>
            {t(`links.state.${state}`)}
          </Badge>
        )}
      </Group>
    </Card>
  );
}

/** Those that open something first. */
export const openFirst = (a: { state: LinkState }, b: { state: LinkState }) =>
  Number(a.state !== 'open') - Number(b.state !== 'open');
