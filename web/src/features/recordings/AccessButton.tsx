import { Button, Checkbox, Group, Radio, Stack } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { ACCESS_LEVELS, type AccessLevel, ORG_ROLES, type OrgRole, type Recording } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { PeopleInput } from '../orgs/PeopleInput';
import { membersQuery } from '../orgs/queries';
import { useRefresh } from './queries';

type Props = { recording: Recording; org: string };

/** Decides who may see a recording: everybody, by role, nobody else; and people by name besides. */
export function AccessButton({ recording, org }: Props) {
  const { t } = useTranslation();
  return (
    <DialogButton icon={IconLock} label={t('recording.changeAccess')}>
      {(close) => <AccessForm recording={recording} org={org} onDone={close} />}
    </DialogButton>
  );
}

function AccessForm({ recording, org, onDone }: Props & { onDone: () => void }) {
  const { t } = useTranslation();
  const refresh = useRefresh(recording);
  const [level, setLevel] = useState<AccessLevel>(recording.access_level);
  const [roles, setRoles] = useState<string[]>(recording.allowed_roles);
  const [chosen, setPeople] = useState<string[]>(recording.allowed_people);
  const { data: members } = useQuery(membersQuery(org));
  // Whoever is no member any more can't be named again.
  const people = members ? chosen.filter((id) => members.some(({ user }) => user.id === id)) : chosen;
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT('/api/v1/recordings/{id}/access', {
          params: { path: { id: recording.id } },
          body: {
            access_level: level,
            allowed_roles: level === 'role_based' ? (roles as OrgRole[]) : [],
            allowed_people: people,
          },
        }),
      ),
    onSuccess: async () => {
      await refresh();
      onDone();
    },
  });
  return (
    <Stack>
      {save.error && <ProblemNote error={save.error} />}
      <Radio.Group
        label={t('recording.whoMayWatch')}
        value={level}
        onChange={(next) => setLevel(next as AccessLevel)}
      >
        <Stack gap="xs" mt="xs">
          {ACCESS_LEVELS.map((name) => (
            <Radio
              key={name}
              value={name}
              label={t(`recording.access.${name}`)}
              description={t(`recording.accessHint.${name}`)}
            />
          ))}
        </Stack>
      </Radio.Group>
      {level === 'role_based' && (
        <Checkbox.Group label={t('recording.roles')} value={roles} onChange={setRoles}>
          <Stack gap="xs" mt="xs">
            {ORG_ROLES.map((role) => (
              <Checkbox key={role} value={role} label={t(`role.${role}`)} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {level !== 'public' && (
        <PeopleInput
          org={org}
          without={[]}
          label={t('recording.named')}
          description={t('recording.namedHint')}
          maxValues={200}
          value={people}
          onChange={setPeople}
        />
      )}
      <Group justify="end">
        <Button variant="default" onClick={onDone}>
          {t('shell.cancel')}
        </Button>
        <Button
          loading={save.isPending}
          disabled={level === 'role_based' && roles.length === 0 && people.length === 0}
          onClick={() => save.mutate()}
        >
          {t('shell.save')}
        </Button>
      </Group>
    </Stack>
  );
}
