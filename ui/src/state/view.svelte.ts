/** What the user looks through: shared by all pages of the window. */
export const WINDOWS = [60, 300, 3600] as const;
export type WindowSeconds = (typeof WINDOWS)[number];

class View {
  /** The time window of rates and charts. */
  windowSeconds: WindowSeconds = $state(300);
}

export const view = new View();
