/** How a picture is looked at: enlarged, and moved from its middle (-1 to 1 each way). */
export type Crop = { zoom: number; x: number; y: number };

export const WHOLE: Crop = { zoom: 1, x: 0, y: 0 };

/** The square of a picture of `width` by `height` that a crop shows. */
export function cropped(width: number, height: number, { zoom, x, y }: Crop) {
  const edge = Math.min(width, height) / zoom;
  return {
    left: ((width - edge) * (x + 1)) / 2,
    top: ((height - edge) * (y + 1)) / 2,
    edge,
  };
}
