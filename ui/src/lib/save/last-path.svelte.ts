/** The file or folder that was last read from or saved to: the next goes there too, until the window is closed. */
export const last = $state({ path: '' });
