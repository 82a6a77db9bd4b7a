/** Browser storage that may be full or forbidden: then nothing is remembered, and nothing breaks. */

export function remember(storage: () => Storage, key: string, value: string): void {
  try {
    storage().setItem(key, value);
  } catch {
    return;
  }
}

export function recall(storage: () => Storage, key: string): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}

export const ofBrowser = (): Storage => window.localStorage;
export const ofTab = (): Storage => window.sessionStorage;
