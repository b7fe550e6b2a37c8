import { Button, Center, Container, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { Link, useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Logo } from './Logo';
import { ProblemNote } from './ProblemNote';

/** The name of the page in the browser's tab. */
export function usePageTitle(title: string | undefined) {
  const { t } = useTranslation();
  useDocumentTitle([title, t('app.name')].filter(Boolean).join(' · '));
}

/** A page with one thing on it: sign in, set up, an ending. */
export function NarrowPage({ title, children }: { title: string; children: ReactNode }) {
  usePageTitle(title);
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={420} gap="lg">
        <Logo />
        <Title order={1}>{title}</Title>
        {children}
      </Stack>
    </Center>
  );
}

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <NarrowPage title={t('notFound.title')}>
      <Text>{t('notFound.text')}</Text>
      <Button renderRoot={(props) => <Link to="/" {...props} />}>{t('notFound.home')}</Button>
    </NarrowPage>
  );
}

export function ErrorPage({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <Container component="main" size="sm" py="xl">
      <ProblemNote
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
      <Button variant="subtle" mt="md" renderRoot={(props) => <Link to="/meetings" {...props} />}>
        {t('notFound.home')}
      </Button>
    </Container>
  );
}
