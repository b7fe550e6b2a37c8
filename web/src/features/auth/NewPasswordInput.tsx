import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** The shortest password that the server takes. */
export const PASSWORD_MIN = 8;

export function NewPasswordInput(props: PasswordInputProps) {
  const { t } = useTranslation();
  return (
    <PasswordInput
      label={t('person.password')}
      description={t('person.passwordHint', { count: PASSWORD_MIN })}
      autoComplete="new-password"
      required
      minLength={PASSWORD_MIN}
      {...props}
    />
  );
}
