import { useTranslation } from 'react-i18next';
import type { OrgRole, Recording } from '../../api/types';

type Access = Pick<Recording, 'access_level' | 'allowed_roles' | 'allowed_people'>;

/** Who may see a recording, in words; named people by `names`, else how many they are. */
export function useAccessWords() {
  const { t } = useTranslation();
  return ({ access_level, allowed_roles, allowed_people }: Access, names?: readonly string[]) => {
    const roles =
      access_level === 'role_based' && names
        ? allowed_roles.map((role) => t(`role.${role as OrgRole}`)).join(', ')
        : '';
    const level = roles || t(`recording.access.${access_level}`);
    if (allowed_people.length === 0 || access_level === 'public') return level;
    const people = names?.length ? names.join(', ') : t('recording.people', { count: allowed_people.length });
    return t('recording.andPeople', { level, people });
  };
}
