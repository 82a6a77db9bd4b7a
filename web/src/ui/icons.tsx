/** Line icons on a 16 px grid; decorative, so the words beside them or `aria-label` speak. */
import type { ReactNode } from "react";

function icon(shape: ReactNode) {
  return function Icon({ size = 16, className }: { size?: number; className?: string }) {
    return (
      <svg
        aria-hidden="true"
        className={className}
        width={size}
        height={size}
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {shape}
      </svg>
    );
  };
}

export const PlayIcon = icon(<path d="M5 3.2v9.6L12.6 8z" fill="currentColor" />);
export const CopyIcon = icon(
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5" />
  </>,
);
export const CheckIcon = icon(<path d="m3.5 8.5 3 3 6-7" />);
export const StopIcon = icon(<rect x="4" y="4" width="8" height="8" rx="1" fill="currentColor" />);
export const RepeatIcon = icon(<path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8" />);
export const ChevronIcon = icon(<path d="m6 3.5 4.5 4.5L6 12.5" />);
export const LanguageIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.75" />
    <path d="M2.5 8h11M8 2.3c1.6 1.6 2.4 3.5 2.4 5.7S9.6 12.1 8 13.7C6.4 12.1 5.6 10.2 5.6 8S6.4 3.9 8 2.3z" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.75" />
    <path d="M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7" />
  </>,
);
export const MoonIcon = icon(<path d="M13.3 9.6A5.7 5.7 0 0 1 6.4 2.7a5.7 5.7 0 1 0 6.9 6.9z" />);
export const SystemIcon = icon(
  <>
    <rect x="2" y="3" width="12" height="8" rx="1.5" />
    <path d="M6 13.5h4" />
  </>,
);
export const DownloadIcon = icon(<path d="M8 2.5v7.5M4.8 7.2 8 10.4l3.2-3.2M3 13.5h10" />);

export const WaitingIcon = icon(<circle cx="8" cy="8" r="5.5" strokeDasharray="2.2 2.4" />);
export const RunningIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.5" strokeOpacity="0.25" />
    <path d="M8 2.5A5.5 5.5 0 0 1 13.5 8" />
  </>,
);
export const DoneIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.5" />
    <path d="m5.6 8.2 1.7 1.7 3.2-3.7" />
  </>,
);
export const FailedIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.5" />
    <path d="M8 5.2v3.3M8 10.7v.1" />
  </>,
);
export const UnknownIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.5" />
    <path d="M6.6 6.6c.1-.8.7-1.2 1.4-1.2.9 0 1.5.5 1.5 1.3 0 1-1.5 1.1-1.5 2.100M8 10.800v.1" />
  </>,
);
export const CancelledIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.5" />
    <path d="m6 6 4 4M10 6l-4 4" />
  </>,
);
export const SkippedIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.5" />
    <path d="M5.5 8h5" />
  </>,
);
