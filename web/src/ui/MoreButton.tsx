import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Loads the next page of a list; not there when there is none. */
export function MoreButton({
  hasNextPage,
  isFetchingNextPage,
  fetchNextPage,
  fullWidth,
}: {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  fullWidth?: boolean;
}) {
  const { t } = useTranslation();
  if (!hasNextPage) return null;
  return (
    <Button
      variant="subtle"
      fullWidth={fullWidth}
      loading={isFetchingNextPage}
      onClick={() => void fetchNextPage()}
    >
      {t('shell.more')}
    </Button>
  );
}
