/** Saves what a URL holds. */
export function saveAs(url: string, name = '') {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

/** Saves a file that was made or loaded here. */
export function saveFile(file: Blob, name: string) {
  const url = URL.createObjectURL(file);
  saveAs(url, name);
  // The browser may begin to read it later.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
