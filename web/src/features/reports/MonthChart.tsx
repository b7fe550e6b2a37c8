import { Paper, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { components } from '../../api/schema';
import { useFormat } from '../../ui/useFormat';

type Month = components['schemas']['MonthFigures'];

/** How many meetings took place in each month, as bars with their numbers: a chart that is its own table. */
export function MonthChart({ months }: { months: readonly Month[] }) {
  const { t } = useTranslation();
  const { locale } = useFormat();
  const name = new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric', timeZone: 'UTC' });
  const most = Math.max(1, ...months.map(({ meetings }) => meetings));
  const parts = [
    ['held', 'green'],
    ['no_shows', 'red'],
    ['cancelled', 'gray'],
  ] as const;
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t('reports.months')}
        </Title>
        <Table withRowBorders={false} verticalSpacing={4}>
          <Table.Tbody>
            {months.map((month) => (
              <Table.Tr key={month.month}>
                <Table.Th scope="row" w={110} fw={500}>
                  {name.format(new Date(`${month.month}-01T00:00:00Z`))}
                </Table.Th>
                <Table.Td>
                  <Progress.Root size={18} aria-hidden>
                    {parts.map(([part, color]) => (
                      <Progress.Section key={part} value={(month[part] / most) * 100} color={color} />
                    ))}
                  </Progress.Root>
                </Table.Td>
                <Table.Td w={150}>
                  <Text size="sm">{t('reports.heldOf', { held: month.held, all: month.meetings })}</Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Paper>
  );
}
