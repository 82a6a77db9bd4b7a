import { Switch, Textarea, TextInput } from "@mantine/core";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

import { cellText } from "../../ui/json-value";
import type { DeclaredInput } from "./document";
import classes from "./flows.module.css";
import type { FieldFault } from "./input-form";

interface Props {
  input: DeclaredInput;
  value: string | boolean;
  fault: FieldFault | null;
  serverMessage: string | null;
  onChange: (value: string | boolean) => void;
}

/** The field of one declared input, by its type. */
export function InputField({ input, value, fault, serverMessage, onChange }: Props) {
  const { t } = useTranslation();
  const text = String(value);
  const common = {
    label: input.name,
    required: input.required,
    description: helpOf(input, t),
    error: fault ? faultMessage(fault, t) : serverMessage,
    value: text,
    placeholder: input.sample === null ? undefined : t("input.sample", { sample: cellText(input.sample) }),
  };
  switch (input.type) {
    case "boolean":
      return (
        <Switch
          label={input.name}
          error={common.error}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "json":
      return (
        <Textarea
          {...common}
          rows={5}
          spellCheck={false}
          classNames={{ input: classes.mono }}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "number":
      return <TextInput {...common} inputMode="decimal" onChange={(event) => onChange(event.currentTarget.value)} />;
    case "url":
      return <TextInput {...common} type="url" onChange={(event) => onChange(event.currentTarget.value)} />;
    case "datetime":
    case "text":
      return text.includes("\n") ? (
        <Textarea {...common} rows={4} onChange={(event) => onChange(event.currentTarget.value)} />
      ) : (
        <TextInput {...common} onChange={(event) => onChange(event.currentTarget.value)} />
      );
  }
}

function helpOf(input: DeclaredInput, t: TFunction): string | undefined {
  if (input.type === "datetime") return t("input.datetimeHint");
  if (input.type === "json") return t("input.jsonHint");
  return undefined;
}

function faultMessage(fault: FieldFault, t: TFunction): string {
  return fault.fault === "json" ? t("input.json", { reason: fault.reason }) : t(`input.${fault.fault}`);
}
