import { Button, Radio, Skeleton, Stack, Switch, Textarea } from '@mantine/core';
import { IconDoor, IconLock } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { type Door, isOfficer, ORG_ROLES } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { doorQuery } from './queries';

/** Opens the settings of a meeting's door, for those who moderate. */
export function DoorButton({ meetingId }: { meetingId: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(doorQuery(meetingId));
  return (
    <DialogButton
      icon={data?.locked ? IconLock : IconDoor}
      label={data?.locked ? t('door.isLocked') : t('door.open')}
      title={t('door.title')}
    >
      <DoorSettings meetingId={meetingId} />
    </DialogButton>
  );
}

/** Who comes in without being let in. */
const WHO = { nobody: [], officers: ORG_ROLES.filter(isOfficer), members: [...ORG_ROLES] } as const;
type Who = keyof typeof WHO;

const whoOf = ({ auto_admit }: Door): Who =>
  auto_admit.includes('member') ? 'members' : auto_admit.length > 0 ? 'officers' : 'nobody';

function DoorSettings({ meetingId }: { meetingId: string }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { data: door, error, refetch } = useQuery(doorQuery(meetingId));
  const [message, setMessage] = useState<string>();
  const change = useMutation({
    mutationFn: (body: Partial<Door>) =>
      take(api.PATCH('/api/v1/meetings/{id}/door', { params: { path: { id: meetingId } }, body })),
    onSuccess: (changed) => {
      queryClient.setQueryData(doorQuery(meetingId).queryKey, changed);
      setMessage(undefined);
    },
  });
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!door) return <Skeleton h={240} role="status" aria-label={t('shell.loading')} />;
  const toggle = (field: 'locked' | 'wait_for_host' | 'require_approval') => (
    <Switch
      label={t(`door.${field}`)}
      description={t(`door.${field}Text`)}
      checked={door[field]}
      disabled={change.isPending}
      onChange={(event) => change.mutate({ [field]: event.currentTarget.checked })}
    />
  );
  return (
    <Stack>
      {change.error && <ProblemNote error={change.error} />}
      {toggle('locked')}
      {toggle('wait_for_host')}
      {toggle('require_approval')}
      {door.require_approval && (
        <Radio.Group
          label={t('door.who')}
          value={whoOf(door)}
          onChange={(who) => change.mutate({ auto_admit: [...WHO[who as Who]] })}
        >
          <Stack gap={8} mt={4}>
            {(Object.keys(WHO) as Who[]).map((who) => (
              <Radio key={who} value={who} label={t(`door.${who}`)} disabled={change.isPending} />
            ))}
          </Stack>
        </Radio.Group>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (message !== undefined) change.mutate({ message });
        }}
      >
        <Stack gap="xs" align="start">
          <Textarea
            label={t('door.message')}
            description={t('door.messageText')}
            autosize
            minRows={2}
            maxLength={500}
            w="100%"
            value={message ?? door.message}
            onChange={(event) => setMessage(event.currentTarget.value)}
          />
          <Button
            type="submit"
            size="compact-md"
            disabled={message === undefined || message.trim() === door.message}
            loading={change.isPending && message !== undefined}
          >
            {t('door.say')}
          </Button>
        </Stack>
      </form>
    </Stack>
  );
}
