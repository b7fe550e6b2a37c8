import { Skeleton, Stack, Switch, Text } from '@mantine/core';
import { IconUsersGroup } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Meeting, ParticipantRights } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { hearStage, stageQuery } from './queries';

/** Opens what everybody may do, for those who moderate. */
export function RightsButton({ meeting }: { meeting: Meeting }) {
  const { t } = useTranslation();
  return (
    <DialogButton icon={IconUsersGroup} label={t('stage.forAll')}>
      <RightsForAll meeting={meeting} />
    </DialogButton>
  );
}

const RIGHTS = ['can_unmute', 'can_use_camera', 'can_share_screen', 'can_chat', 'can_react'] as const;
/** What an audio meeting has. */
const OF_AUDIO: readonly (keyof ParticipantRights)[] = ['can_unmute', 'can_chat', 'can_react'];

function RightsForAll({ meeting }: { meeting: Meeting }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { data: stage, error, refetch } = useQuery(stageQuery(meeting.id));
  const change = useMutation({
    mutationFn: (body: Partial<ParticipantRights>) =>
      take(api.PATCH('/api/v1/meetings/{id}/participants', { params: { path: { id: meeting.id } }, body })),
    onSuccess: (told) => hearStage(queryClient, meeting.id, told),
  });
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!stage) return <Skeleton h={200} role="status" aria-label={t('shell.loading')} />;
  const rights = meeting.meeting_type === 'audio' ? RIGHTS.filter((it) => OF_AUDIO.includes(it)) : RIGHTS;
  return (
    <Stack>
      <Text size="sm">{t('stage.forAllText')}</Text>
      {rights.map((right) => (
        <Switch
          key={right}
          label={t(`stage.rights.${right}`)}
          checked={stage.participants[right]}
          disabled={change.isPending}
          onChange={({ currentTarget: { checked } }) =>
            change.mutate(
              // The camera would go with the microphone.
              right === 'can_unmute'
                ? { can_unmute: checked, can_use_camera: stage.participants.can_use_camera }
                : { [right]: checked },
            )
          }
        />
      ))}
      {change.error && <ProblemNote error={change.error} />}
    </Stack>
  );
}
