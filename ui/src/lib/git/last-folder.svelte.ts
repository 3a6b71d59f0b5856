/** The folder that was last committed to: the next export goes there too, until the window is closed. */
export const last = $state({ folder: '' });
