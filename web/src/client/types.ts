/** Short names for what the API sends; the only place that knows how the generated file calls them. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type LastRun = Schemas["LastRun"];
export type FlowItem = Schemas["FlowSummary"];
export type Flow = Schemas["Flow"];
export type Run = Schemas["Run"];
export type RunState = Run["state"];
export type TaskRun = Schemas["TaskOfRun"];
export type TaskState = TaskRun["state"];
export type TaskResult = Schemas["TaskResultAnswer"];
export type RowFailure = Schemas["RowFailure"];
export type Problem = Schemas["ProblemAnswer"];
export type ProblemAnswer = Schemas["ProblemDetails"];
export type Place = Problem["place"];
