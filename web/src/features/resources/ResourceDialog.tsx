import {
  Button,
  Group,
  Modal,
  NumberInput,
  SegmentedControl,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { RESOURCE_TYPES, type Resource, type ResourceType } from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { useHere } from '../orgs/OrganizationGate';

type Props = {
  /** Null for a new one. */
  resource: Resource | null;
  onSaved: () => void;
  onClose: () => void;
};

/** The fields carry the names of the API, so that its pointers find them. */
type Values = {
  type: ResourceType;
  name: string;
  location: string;
  capacity: number | string;
  features: string[];
  is_enabled: boolean;
};

/** Adds a room or a device, or changes one. */
export function ResourceDialog({ resource, onSaved, onClose }: Props) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const form = useForm<Values>({
    initialValues: {
      type: resource?.type ?? 'room',
      name: resource?.name ?? '',
      location: resource?.location ?? '',
      capacity: resource?.capacity ?? '',
      features: resource?.features ?? [],
      is_enabled: resource?.is_enabled ?? true,
    },
    validate: { name: (name) => (name.trim() ? null : t('form.required')) },
  });
  const save = useMutation({
    mutationFn: ({ capacity, ...rest }: Values) => {
      // People sit in rooms.
      const holds = rest.type === 'room' && capacity !== '' ? Number(capacity) : null;
      const body = { ...rest, name: rest.name.trim(), location: rest.location.trim(), capacity: holds };
      return resource
        ? take(api.PATCH('/api/v1/resources/{id}', { params: { path: { id: resource.id } }, body }))
        : take(
            api.POST('/api/v1/organizations/{org}/resources', {
              params: { path: { org: organization.id } },
              body,
              headers: idempotent(),
            }),
          );
    },
    onSuccess: () => {
      onSaved();
      onClose();
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={resource ? t('resources.editOf', { name: resource.name }) : t('resources.add')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack gap="sm">
          <FormProblem error={save.error} form={form} />
          <Stack gap={4}>
            <Text size="sm" fw={500} id="resource-type">
              {t('resources.type')}
            </Text>
            <SegmentedControl
              aria-labelledby="resource-type"
              data={RESOURCE_TYPES.map((type) => ({ value: type, label: t(`resources.is.${type}`) }))}
              {...form.getInputProps('type')}
            />
          </Stack>
          <TextInput
            label={t('person.name')}
            required
            maxLength={120}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <TextInput
            label={t('resources.location')}
            placeholder={t('resources.locationHint')}
            maxLength={200}
            {...form.getInputProps('location')}
          />
          {form.values.type === 'room' && (
            <NumberInput
              label={t('resources.capacity')}
              min={1}
              max={100_000}
              allowDecimal={false}
              {...form.getInputProps('capacity')}
            />
          )}
          <TagsInput
            label={t('resources.features')}
            description={t('resources.featuresHint')}
            maxTags={50}
            acceptValueOnBlur
            {...form.getInputProps('features')}
          />
          <Switch
            label={t('resources.bookable')}
            description={t('resources.bookableHint')}
            {...form.getInputProps('is_enabled', { type: 'checkbox' })}
          />
          <Group justify="end">
            <Button variant="default" onClick={onClose}>
              {t('shell.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t('shell.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
