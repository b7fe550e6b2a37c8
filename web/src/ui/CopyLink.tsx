import { Button, Code, CopyButton, Stack } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

/** A link that is shown once, to be sent on. */
export function CopyLink({ url, label }: { url: string; label: string }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <Code display="block" p="xs" style={{ overflowWrap: 'anywhere' }}>
        {url}
      </Code>
      <CopyButton value={url}>
        {({ copied, copy }) => (
          <Button
            variant="light"
            onClick={copy}
            leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          >
            {copied ? t('people.copied') : label}
          </Button>
        )}
      </CopyButton>
    </Stack>
  );
}
