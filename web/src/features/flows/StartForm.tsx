import { Button } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";

import type { ExactFlow } from "../../api/flows";
import { useStartRun } from "../../api/runs";
import { ApiProblem } from "../../client/problem";
import { PlayIcon } from "../../ui/icons";
import { ErrorPanel } from "../../ui/ProblemPanel";
import { BodyField } from "./BodyField";
import { asksForBody, type DeclaredInput } from "./document";
import classes from "./flows.module.css";
import { bodyFault, composeInput, type Draft, type FieldFault, firstDraft } from "./input-form";
import { InputField } from "./InputField";
import { triggerKind } from "./trigger";

const NOTHING = "{}";

/** The form of a manual start: a field for each declared input, else the trigger's body as JSON. */
export function StartForm({ flow, inputs }: { flow: ExactFlow; inputs: DeclaredInput[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const start = useStartRun();
  const [draft, setDraft] = useState<Draft>(() => firstDraft(inputs));
  const [faults, setFaults] = useState<Record<string, FieldFault>>({});
  const [body, setBody] = useState(NOTHING);
  const form = useFormFocus();
  const isDeclared = inputs.length > 0;
  const bodyProblem = isDeclared ? null : bodyFault(body);

  const run = (test: boolean) => {
    const composed = isDeclared ? composeInput(inputs, draft) : composedBody(body);
    setFaults(composed.ok ? {} : composed.faults);
    if (!composed.ok) {
      // The first field at fault takes the focus once its message is drawn.
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
      return;
    }
    start.mutate(
      { flowId: flow.id, inputJson: composed.inputJson, test },
      { onSuccess: (started) => void navigate(`/runs/${started.id}`) },
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(false);
  };

  return (
    <form id="start" ref={form} className={classes.panel} onSubmit={submit} noValidate>
      {inputs.map((input) => (
        <InputField
          key={input.name}
          input={input}
          value={draft[input.name] ?? ""}
          fault={faults[input.name] ?? null}
          serverMessage={messageFor(start.error, input.name)}
          onChange={(value) => setDraft((current) => ({ ...current, [input.name]: value }))}
        />
      ))}
      {!isDeclared && (
        <BodyField value={body} onChange={setBody} fault={bodyProblem} isExpected={asksForBody(triggerKind(flow))} />
      )}
      {start.error && <ErrorPanel error={start.error} />}
      <div className={classes.buttons}>
        <Button
          type="submit"
          variant="filled"
          leftSection={<PlayIcon size={12} />}
          loading={start.isPending && !start.variables.test}
          disabled={start.isPending}
        >
          {t("action.run")}
        </Button>
        <Button loading={start.isPending && start.variables.test} disabled={start.isPending} onClick={() => run(true)}>
          {t("action.test")}
        </Button>
      </div>
    </form>
  );
}

function composedBody(body: string): ReturnType<typeof composeInput> {
  return bodyFault(body) === null ? { ok: true, inputJson: body.trim() || "null" } : { ok: false, faults: {} };
}

function messageFor(error: unknown, name: string): string | null {
  if (!(error instanceof ApiProblem)) return null;
  const mine = error.list().find(
    (problem) =>
      String(problem.place.field ?? "")
        .split(".")
        .at(-1) === name,
  );
  return mine ? mine.message : null;
}

/** Who comes by *Run* of the list (`#start`) goes on at the first field. */
function useFormFocus() {
  const form = useRef<HTMLFormElement>(null);
  const { hash, key } = useLocation();
  useEffect(() => {
    if (hash === "#start") form.current?.querySelector<HTMLElement>("input, textarea, button")?.focus();
  }, [hash, key]);
  return form;
}
