import { Alert, Button, List, Stack, Text } from '@mantine/core';
import { IconCalendarX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Problem } from '../../api/problem';
import type { Alternative } from '../../api/types';
import { useFormat } from '../../ui/useFormat';

type Props = {
  problem: Problem;
  /** What a room or device is called. */
  nameOf: (resource: string) => string;
  /** Takes a proposal instead. */
  onTake: (alternative: Alternative) => void;
};

/** What is in the way of a booking, and what is free instead. */
export function ClashNote({ problem, nameOf, onTake }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { conflicts, alternatives } = problem;
  return (
    <Alert
      color="red"
      icon={<IconCalendarX aria-hidden />}
      title={t('bookings.taken')}
      role="alert"
      tabIndex={-1}
      // Whoever sends by the keyboard has the proposals next.
      ref={(note) => note?.focus()}
      styles={{ message: { color: 'var(--mantine-color-text)' } }}
    >
      <Stack gap="sm">
        <List size="sm">
          {conflicts.map(({ id, resource_id, starts_at, ends_at }) => (
            <List.Item key={`${id} ${resource_id}`} style={{ overflowWrap: 'anywhere' }}>
              {t('bookings.takenAt', {
                name: resource_id ? nameOf(resource_id) : '',
                span: format.span(starts_at, ends_at),
              })}
            </List.Item>
          ))}
        </List>
        <Text size="sm" fw={600} id="alternatives">
          {t(alternatives.length > 0 ? 'bookings.free' : 'bookings.nothingFree')}
        </Text>
        {alternatives.length > 0 && (
          <Stack gap="xs" align="start" role="group" aria-labelledby="alternatives">
            {alternatives.map((one) => (
              <Button
                key={`${one.starts_at} ${one.resource_ids}`}
                variant="default"
                h="auto"
                mih={36}
                py={6}
                maw="100%"
                styles={{ label: { whiteSpace: 'normal', textAlign: 'start', lineHeight: 1.4 } }}
                onClick={() => onTake(one)}
              >
                {`${one.resource_ids.map(nameOf).join(', ')} · ${format.span(one.starts_at, one.ends_at)}`}
              </Button>
            ))}
          </Stack>
        )}
      </Stack>
    </Alert>
  );
}
