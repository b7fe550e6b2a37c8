import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** The mark: people in a round, and the name. */
export function Logo({ size = 28 }: { size?: number }) {
  const { t } = useTranslation();
  return (
    <Group gap="xs" wrap="nowrap">
      <img src="/favicon.svg" width={size} height={size} alt="" />
      <Text fw={700} fz={size * 0.7} lh={1} translate="no">
        {t('app.name')}
      </Text>
    </Group>
  );
}
