/** The server may answer a path; people need the whole address. */
export function absoluteUrl(url: string): string {
  return new URL(url, window.location.origin).href;
}

/** A line to paste into a shell; the key comes from the environment, so that it lands in no history. */
export function curlLine(url: string, bodyJson: string): string {
  return [
    `curl -X POST ${shellQuoted(absoluteUrl(url))}`,
    `-H "X-OUTCODE-API-KEY: $OUTCODE_API_KEY"`,
    `-H 'Content-Type: application/json'`,
    `-d ${shellQuoted(bodyJson.replaceAll("\n", "\n  "))}`,
  ].join(" \\\n  ");
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
