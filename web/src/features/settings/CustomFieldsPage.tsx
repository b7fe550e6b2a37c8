import {
  ActionIcon,
  Badge,
  Button,
  Card,
  Checkbox,
  Group,
  Menu,
  Modal,
  NumberInput,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  TagsInput,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useForm } from '@mantine/form';
import {
  IconArchive,
  IconArchiveOff,
  IconDots,
  IconEdit,
  IconForms,
  IconPlus,
  IconTrash,
} from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { type CustomField, FIELD_TYPES, type FieldRules, type FieldType } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { FormProblem, showAtFields } from '../../ui/forms';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useHere } from '../orgs/OrganizationGate';
import { customFieldsQuery } from './queries';

/** The fields that an organization adds to its meetings. */
export function CustomFieldsPage() {
  const { t } = useTranslation();
  usePageTitle(t('fields.title'));
  const { organization, permissions } = useHere();
  const queryClient = useQueryClient();
  const { data, error, refetch } = useQuery(customFieldsQuery(organization.id));
  const [edited, edit] = useState<CustomField | 'new' | null>(null);
  const reload = () => queryClient.invalidateQueries(customFieldsQuery(organization.id));
  const retire = useMutation({
    mutationFn: ({ id, retired_at }: CustomField) =>
      take(
        api.PATCH('/api/v1/organizations/{org}/custom-fields/{id}', {
          params: { path: { org: organization.id, id } },
          body: { retired: !retired_at },
        }),
      ),
    onSuccess: reload,
    onError: notifyProblem,
  });
  const remove = useMutation({
    mutationFn: ({ id }: CustomField) =>
      take(
        api.DELETE('/api/v1/organizations/{org}/custom-fields/{id}', {
          params: { path: { org: organization.id, id } },
        }),
      ),
    onSuccess: reload,
    onError: notifyProblem,
  });
  const admin = permissions.includes('custom_fields.manage');
  return (
    <Stack maw={720}>
      <Group justify="space-between">
        <Title order={2}>{t('fields.title')}</Title>
        {admin && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => edit('new')}>
            {t('fields.add')}
          </Button>
        )}
      </Group>
      <Text c="dimmed">{admin ? t('fields.text') : t('settings.adminsOnly')}</Text>
      {error && !data && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton h={160} role="status" aria-label={t('shell.loading')} />}
      {data?.length === 0 && <EmptyState icon={IconForms} title={t('fields.none')} />}
      {data?.map((field) => (
        <Card withBorder component="article" padding="md" key={field.id}>
          <Group justify="space-between" wrap="nowrap">
            <div style={{ minWidth: 0 }}>
              <Group gap="xs">
                <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
                  {field.label}
                </Text>
                {field.required && <Badge variant="light">{t('fields.required')}</Badge>}
                {field.retired_at && (
                  <Badge variant="light" color="gray">
                    {t('fields.retired')}
                  </Badge>
                )}
              </Group>
              <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                {[t(`fieldType.${field.type}`), field.key, ...field.options].join(' · ')}
              </Text>
            </div>
            {admin && (
              <Menu position="bottom-end">
                <Menu.Target>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size="lg"
                    aria-label={t('people.actionsFor', { name: field.label })}
                    title={t('people.actions')}
                    loading={[retire, remove].some(
                      ({ isPending, variables }) => isPending && variables.id === field.id,
                    )}
                  >
                    <IconDots size={18} aria-hidden />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item leftSection={<IconEdit size={16} aria-hidden />} onClick={() => edit(field)}>
                    {t('fields.edit')}
                  </Menu.Item>
                  <Menu.Item
                    leftSection={
                      field.retired_at ? (
                        <IconArchiveOff size={16} aria-hidden />
                      ) : (
                        <IconArchive size={16} aria-hidden />
                      )
                    }
                    onClick={() => retire.mutate(field)}
                  >
                    {field.retired_at ? t('fields.restore') : t('fields.retire')}
                  </Menu.Item>
                  {!field.retired_at && (
                    <>
                      <Menu.Label>{t('fields.removeHint')}</Menu.Label>
                      <Menu.Item
                        c="var(--mantine-color-error)"
                        leftSection={<IconTrash size={16} aria-hidden />}
                        onClick={() => remove.mutate(field)}
                      >
                        {t('fields.remove')}
                      </Menu.Item>
                    </>
                  )}
                </Menu.Dropdown>
              </Menu>
            )}
          </Group>
        </Card>
      ))}
      {edited && (
        <FieldDialog
          field={edited === 'new' ? undefined : edited}
          next={Math.max(0, ...(data ?? []).map(({ position }) => position)) + 1}
          onClose={() => edit(null)}
          onSaved={() => {
            edit(null);
            void reload();
          }}
        />
      )}
    </Stack>
  );
}

type Values = {
  label: string;
  key: string;
  type: FieldType;
  required: boolean;
  position: number | string;
  options: string[];
  rules: {
    min: number | string;
    max: number | string;
    min_length: number | string;
    max_length: number | string;
    pattern: string;
    earliest: string | null;
    latest: string | null;
  };
};

const keyOf = (label: string) =>
  label
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 63);

/** The rules that this type knows and that were given. */
function rulesOf(type: FieldType, rules: Values['rules']): FieldRules {
  const known: Record<FieldType, (keyof FieldRules)[]> = {
    text: ['min_length', 'max_length', 'pattern'],
    number: ['min', 'max'],
    boolean: [],
    date: ['earliest', 'latest'],
    select: [],
    multi_select: ['min_length', 'max_length'],
  };
  return Object.fromEntries(
    known[type].flatMap((name) => (rules[name] === '' || rules[name] === null ? [] : [[name, rules[name]]])),
  );
}

function FieldDialog(props: { field?: CustomField; next: number; onClose: () => void; onSaved: () => void }) {
  const { field, next, onClose, onSaved } = props;
  const { t } = useTranslation();
  const { organization } = useHere();
  const [key] = useState(idempotent);
  const form = useForm<Values>({
    initialValues: {
      label: field?.label ?? '',
      key: field?.key ?? '',
      type: field?.type ?? 'text',
      required: field?.required ?? false,
      position: field?.position ?? next,
      options: field?.options ?? [],
      rules: {
        min: field?.rules.min ?? '',
        max: field?.rules.max ?? '',
        min_length: field?.rules.min_length ?? '',
        max_length: field?.rules.max_length ?? '',
        pattern: field?.rules.pattern ?? '',
        earliest: field?.rules.earliest ?? null,
        latest: field?.rules.latest ?? null,
      },
    },
    validate: { label: (label) => (label.trim() ? null : t('form.required')) },
  });
  const { type } = form.values;
  const chooses = type === 'select' || type === 'multi_select';
  const save = useMutation({
    mutationFn: (values: Values) => {
      const body = {
        label: values.label,
        required: values.required,
        position: Number(values.position) || 0,
        options: chooses ? values.options : [],
        rules: rulesOf(values.type, values.rules),
      };
      const org = organization.id;
      return field
        ? take(
            api.PATCH('/api/v1/organizations/{org}/custom-fields/{id}', {
              params: { path: { org, id: field.id } },
              body,
            }),
          )
        : take(
            api.POST('/api/v1/organizations/{org}/custom-fields', {
              params: { path: { org } },
              body: { ...body, key: values.key || keyOf(values.label), type: values.type },
              headers: key,
            }),
          );
    },
    onSuccess: onSaved,
    onError: (error) => showAtFields(form, error),
  });
  const lengths = (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <NumberInput
        label={t('fields.minLength')}
        min={0}
        allowDecimal={false}
        {...form.getInputProps('rules.min_length')}
      />
      <NumberInput
        label={t('fields.maxLength')}
        min={0}
        allowDecimal={false}
        {...form.getInputProps('rules.max_length')}
      />
    </SimpleGrid>
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={field ? t('fields.editOf', { name: field.label }) : t('fields.add')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack gap="sm">
          <FormProblem error={save.error} form={form} />
          <TextInput
            label={t('fields.label')}
            required
            maxLength={200}
            data-autofocus
            {...form.getInputProps('label')}
          />
          {!field && (
            <>
              <TextInput
                label={t('fields.key')}
                description={t('fields.keyHint')}
                placeholder={keyOf(form.values.label)}
                maxLength={63}
                {...form.getInputProps('key')}
              />
              <Select
                label={t('fields.type')}
                data={FIELD_TYPES.map((value) => ({ value, label: t(`fieldType.${value}`) }))}
                allowDeselect={false}
                {...form.getInputProps('type')}
              />
            </>
          )}
          {chooses && (
            <TagsInput
              label={t('fields.options')}
              description={t('fields.optionsHint')}
              required
              maxTags={200}
              splitChars={['\n']}
              {...form.getInputProps('options')}
            />
          )}
          {type === 'number' && (
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <NumberInput label={t('fields.min')} {...form.getInputProps('rules.min')} />
              <NumberInput label={t('fields.max')} {...form.getInputProps('rules.max')} />
            </SimpleGrid>
          )}
          {(type === 'text' || type === 'multi_select') && lengths}
          {type === 'text' && (
            <TextInput
              label={t('fields.pattern')}
              description={t('fields.patternHint')}
              maxLength={500}
              {...form.getInputProps('rules.pattern')}
            />
          )}
          {type === 'date' && (
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <DateInput label={t('fields.earliest')} clearable {...form.getInputProps('rules.earliest')} />
              <DateInput label={t('fields.latest')} clearable {...form.getInputProps('rules.latest')} />
            </SimpleGrid>
          )}
          <NumberInput
            label={t('fields.position')}
            allowDecimal={false}
            {...form.getInputProps('position')}
          />
          <Checkbox
            label={t('fields.isRequired')}
            description={t('fields.isRequiredHint')}
            {...form.getInputProps('required', { type: 'checkbox' })}
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
