import { useQuery } from "@tanstack/react-query";

import { appsQuery } from "../../api/apps";

/** How an app and its action are called; their keys until the catalogue is there. */
export function useActionLabel(): (app: string, action: string) => string {
  const apps = useQuery(appsQuery).data;
  return (slug, key) => {
    const app = apps?.items.find((candidate) => candidate.slug === slug);
    const action = app?.actions.find((candidate) => candidate.key === key);
    return `${app?.name ?? slug} · ${action?.name ?? key}`;
  };
}
