"""References such as ``{{a.email | upper}}``: characters → tokens → tree → value, with a grammar of our own.

    template = parse_template("Hello {{a.name}}")
    resolve_text(template, {"a": Root({"name": "Ann"}, label="task a")})       # "Hello Ann"

Substitution, not code: a reference names a value and pipes it through functions of a closed list. By place: text
(:func:`resolve_text`; for many rows :func:`compile_template`), JSON (:func:`resolve_json_text`), URL
(:func:`resolve_url`), SQL (:func:`bind_sql`), JavaScript (:func:`bind_javascript`). Everything that can be wrong is a
ReferenceProblem that names its place.
"""

from outcode.values.references.compiled import compile_template, resolve_tagged, resolver
from outcode.values.references.finding import references_in, rename_root, rename_trigger_key
from outcode.values.references.javascript import BoundScript, bind_javascript, javascript_value
from outcode.values.references.json_place import resolve_json_text
from outcode.values.references.parser import parse_template
from outcode.values.references.pipes import PIPES, Argument, PipeEntry
from outcode.values.references.printing import print_reference, print_template
from outcode.values.references.rendering import render
from outcode.values.references.resolve import resolve_reference, resolve_text
from outcode.values.references.scope import Root, Scope
from outcode.values.references.sql import BoundQuery, bind_sql
from outcode.values.references.suggestions import nearest
from outcode.values.references.syntax import Each, Index, Key, Meta, Pipe, Reference, Step, Template, Text
from outcode.values.references.url_place import resolve_url

__all__ = [
    "PIPES",
    "Argument",
    "BoundQuery",
    "BoundScript",
    "Each",
    "Index",
    "Key",
    "Meta",
    "Pipe",
    "PipeEntry",
    "Reference",
    "Root",
    "Scope",
    "Step",
    "Template",
    "Text",
    "bind_javascript",
    "bind_sql",
    "compile_template",
    "javascript_value",
    "nearest",
    "parse_template",
    "print_reference",
    "print_template",
    "references_in",
    "rename_root",
    "rename_trigger_key",
    "render",
    "resolve_json_text",
    "resolve_reference",
    "resolve_tagged",
    "resolve_text",
    "resolve_url",
    "resolver",
]
