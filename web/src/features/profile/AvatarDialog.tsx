import { Button, Group, Modal, Slider, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { ProblemNote } from '../../ui/ProblemNote';
import { meQuery } from '../orgs/queries';
import { type Crop, cropped, WHOLE } from './crop';

/** Edge of what is sent, in pixels; the server makes it smaller still. */
const EDGE = 512;

/** Cuts a picture to a square and sends it. Works with the keyboard: each direction is a slider. */
export function AvatarDialog({ picture, onClose }: { picture: ImageBitmap; onClose: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [crop, setCrop] = useState<Crop>(WHOLE);

  useEffect(() => {
    const pen = canvas.current?.getContext('2d');
    if (!pen) return;
    const { left, top, edge } = cropped(picture.width, picture.height, crop);
    pen.clearRect(0, 0, EDGE, EDGE);
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(picture, left, top, edge, edge, 0, 0, EDGE, EDGE);
  }, [picture, crop]);

  const save = useMutation({
    mutationFn: async () => {
      const file = await new Promise<Blob | null>((done) => canvas.current?.toBlob(done, 'image/png'));
      if (!file) throw new Error(t('profile.unreadable'));
      return take(
        api.PUT('/api/v1/me/avatar', {
          body: file as never,
          bodySerializer: (body) => body as never,
          headers: { 'Content-Type': file.type },
        }),
      );
    },
    onSuccess: (me) => {
      queryClient.setQueryData(meQuery.queryKey, me);
      // Lists and meetings show the picture too.
      void queryClient.invalidateQueries();
      onClose();
    },
  });

  const sliders = [
    { key: 'zoom', label: t('profile.zoom'), min: 1, max: 4 },
    { key: 'x', label: t('profile.sideways'), min: -1, max: 1 },
    { key: 'y', label: t('profile.upDown'), min: -1, max: 1 },
  ] as const;

  return (
    <Modal
      opened
      onClose={onClose}
      title={t('profile.cut')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        {save.error && <ProblemNote error={save.error} />}
        <canvas
          ref={canvas}
          width={EDGE}
          height={EDGE}
          aria-label={t('profile.preview')}
          role="img"
          style={{ width: 'min(256px, 100%)', aspectRatio: 1, borderRadius: '50%', alignSelf: 'center' }}
        />
        {sliders.map(({ key, label, min, max }) => (
          <div key={key}>
            <Text size="sm" component="span">
              {label}
            </Text>
            <Slider
              aria-label={label}
              thumbLabel={label}
              label={null}
              min={min}
              max={max}
              step={0.05}
              value={crop[key]}
              onChange={(value) => setCrop((before) => ({ ...before, [key]: value }))}
            />
          </div>
        ))}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>
            {t('shell.cancel')}
          </Button>
          <Button onClick={() => save.mutate()} loading={save.isPending}>
            {t('profile.usePicture')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
