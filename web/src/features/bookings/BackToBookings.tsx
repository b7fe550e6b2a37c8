import { Anchor, Breadcrumbs } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

export function BackToBookings() {
  const { t } = useTranslation();
  return (
    <Breadcrumbs>
      <Anchor
        size="sm"
        py={6}
        display="inline-block"
        renderRoot={(props) => <Link to="/bookings" {...props} />}
      >
        {t('nav.bookings')}
      </Anchor>
    </Breadcrumbs>
  );
}
