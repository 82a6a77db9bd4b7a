"""The JSON Schema of the YAML format, with which editors complete and check flows while they are written.

It is made from the document's models and the apps' declarations. Where a task names an app and an action, its inputs
are those of that action; a text with a reference may stand in place of any value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Annotated, Any, assert_never, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo

from outcode.appkit import Action, App
from outcode.appkit.fields import (
    ChoiceField,
    CodeField,
    DateField,
    DatetimeField,
    Field,
    FileField,
    JsonField,
    ListField,
    LongTextField,
    MapField,
    MultiSelectField,
    NoteField,
    NumberField,
    RowsField,
    SelectField,
    SwitchField,
    TextField,
)
from outcode.flows.dataflow import (
    SCHEDULE_FORMS,
    TASK_LETTERS,
    Dataflow,
    FlowInput,
    ScheduleTrigger,
    Task,
    Trigger,
)
from outcode.values.json import Json

Schema = dict[str, Any]

_REFERENCE: Schema = {"type": "string", "pattern": r"\{\{"}
_TYPES: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}
_JSON_TYPES = {
    "text": "string",
    "list": "array",
    "object": "object",
}


def flow_schema(apps: Mapping[str, App]) -> Json:
    """The schema (2020-12) of dataflow files that use these apps.

    >>> flow_schema({})["required"]
    ['name', 'tasks']
    """
    task = _model(Task, {"inputs": {"type": "object"}, "after": {"type": "array", "items": {"type": "string"}}})
    task["properties"]["app"] |= {"enum": list(apps)}
    task["allOf"] = [rule for app in apps.values() for rule in _app_rules(app)]
    triggers = [_trigger(model) for model in get_args(get_args(Trigger)[0])]
    parts: dict[str, Schema] = {
        "inputs": {"type": "object", "additionalProperties": _model(FlowInput, {"default": {}, "sample": {}})},
        "trigger": {"oneOf": triggers},
        "tasks": {
            "type": "object",
            "patternProperties": {TASK_LETTERS: {"$ref": "#/$defs/task"}},
            "additionalProperties": False,
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Outcode dataflow",
        **_model(Dataflow, parts),
        "$defs": {"task": task, "reference": _REFERENCE},
    }


def _trigger(model: type[BaseModel]) -> Schema:
    schema = _model(model, {"inputs": {"type": "object"}}, always=("kind",))
    if model is ScheduleTrigger:
        schema["oneOf"] = [{"required": [form]} for form in SCHEDULE_FORMS]
    return schema


def _model(model: type[BaseModel], parts: Mapping[str, Schema], *, always: Iterable[str] = ()) -> Schema:
    """An object with a model's keys; ``parts`` gives the schemas of keys that hold more than a plain value."""
    fields = model.model_fields
    schema: Schema = {
        "type": "object",
        "properties": {key: dict(parts[key]) if key in parts else _plain(field) for key, field in fields.items()},
        "required": [key for key, field in fields.items() if field.is_required() or key in always],
        "additionalProperties": False,
    }
    if model.__doc__:
        schema["description"] = _first_paragraph(model.__doc__)
    return schema


def _plain(field: FieldInfo) -> Schema:
    schema = _typed(field.annotation, field.metadata)
    for limit in field.metadata:
        names = {"ge": "minimum", "le": "maximum", "min_length": "minLength", "max_length": "maxLength"}
        schema |= {word: getattr(limit, name) for name, word in names.items() if hasattr(limit, name)}
    if not field.is_required() and field.default is not None and not isinstance(field.default, BaseModel):
        schema["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
    return schema


def _typed(annotation: Any, metadata: Iterable[Any]) -> Schema:
    if said := [each.json_schema for each in metadata if isinstance(each, WithJsonSchema)]:
        return dict(said[0] or {})
    choices = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _typed(choices[0], choices[1:])
    if annotation in _TYPES:
        return dict(_TYPES[annotation])
    if choices and choices[-1] is NoneType:
        return _typed(choices[0], ())
    if choices and choices[-1] is Ellipsis:
        return {"type": "array", "items": _typed(choices[0], ())}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation, {})
    return {"const": choices[0]} if len(choices) == 1 else {"enum": list(choices)}


def _first_paragraph(text: str) -> str:
    return " ".join(text.strip().split("\n\n", maxsplit=1)[0].split())


def _app_rules(app: App) -> Iterable[Schema]:
    """The actions of an app, and for each action its inputs."""
    described = [{"const": each.key, "title": each.name, "description": each.description.en} for each in app.actions]
    names_app = {"properties": {"app": {"const": app.slug}}, "required": ["app"]}
    then: Schema = {"properties": {"action": {"oneOf": described}}}
    if not app.connections:
        then["properties"]["connection"] = False
    elif app.connection_required:
        then["required"] = ["connection"]
    yield {"if": names_app, "then": then}
    for action in app.actions:
        names_action = {
            "properties": {"app": {"const": app.slug}, "action": {"const": action.key}},
            "required": ["app", "action"],
        }
        yield {"if": names_action, "then": _inputs(action)}


def _inputs(action: Action) -> Schema:
    needed = [field.key for field in action.fields if field.required and field.default is None]
    inputs: Schema = {
        "type": "object",
        "properties": {field.key: _described(field) for field in action.fields},
        "additionalProperties": False,
    }
    return (
        {"properties": {"inputs": inputs | {"required": needed}}, "required": ["inputs"]}
        if needed
        else {"properties": {"inputs": inputs}}
    )


def _described(field: Field) -> Schema:
    schema: Schema = {"title": field.label.en}
    if field.help is not None:
        schema["description"] = field.help.en
    if field.default is not None:
        schema["default"] = field.default
    value = _value(field)
    takes_any_text = not value or ("string" in value.get("type", ()) and "enum" not in value)
    return schema | value if takes_any_text else schema | {"anyOf": [value, {"$ref": "#/$defs/reference"}]}


def _value(field: Field) -> Schema:
    """What a field takes when it is typed out; every field takes null for "nothing" as well by being left away."""
    match field:
        case TextField() | LongTextField() | CodeField():
            return {"type": ["string", "number", "boolean"], "maxLength": field.max_length}
        case NumberField():
            limits = {"minimum": field.minimum, "maximum": field.maximum}
            known = {word: limit for word, limit in limits.items() if limit is not None}
            return {"type": "integer" if field.whole else "number", **known}
        case SwitchField():
            return {"type": "boolean"}
        case SelectField():
            return {"type": "string", "enum": [option.value for option in field.options]}
        case MultiSelectField():
            return {"type": "array", "items": {"enum": [option.value for option in field.options]}}
        case ChoiceField():
            one: Schema = {"type": ["string", "number"]}
            return {"type": "array", "items": one} if field.multiple else one
        case DateField():
            return {"type": "string", "format": "date"}
        case DatetimeField():
            return {"type": "string", "format": "date-time"}
        case NoteField():
            return {"type": "null"}
        case ListField():
            return {"type": "array", "maxItems": field.max_items, "items": {"type": "string"}}
        case RowsField():
            return {"type": "array", "items": {"anyOf": [{"type": "object"}, {"$ref": "#/$defs/reference"}]}}
        case MapField():
            pair = {
                "type": "object",
                "properties": {"key": {"type": "string"}, "value": {}},
                "required": ["key", "value"],
                "additionalProperties": False,
            }
            pairs = {"type": "array", "maxItems": field.max_items, "items": pair}
            return {"anyOf": [{"type": "object", "maxProperties": field.max_items}, pairs]}
        case JsonField():
            # An object or a list may be typed as JSON text, too.
            return (
                {} if field.accepts is None else {"type": sorted({"string", *(_JSON_TYPES[x] for x in field.accepts)})}
            )
        case FileField():
            return {"type": "object", "required": ["fileId", "name", "mediaType", "size"]}
        case _:
            assert_never(field)
