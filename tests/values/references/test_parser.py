"""The grammar: what is read, what is refused and where, and that nothing hostile gets further than a clean refusal."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.problems import ReferenceProblem
from outcode.values.references import (
    PIPES,
    Each,
    Index,
    Key,
    Meta,
    Pipe,
    Reference,
    Step,
    Template,
    Text,
    parse_template,
    print_reference,
    print_template,
)
from outcode.values.references.syntax import Scalar

READ: list[tuple[str, tuple[Text | Reference, ...]]] = [
    ("", ()),
    ("no reference", (Text("no reference"),)),
    ("{{a}}", (Reference("a"),)),
    ("{{aa}}", (Reference("aa"),)),
    ("{{ a }}", (Reference("a"),)),
    ("{{\n a\n.b }}", (Reference("a", (Key("b"),)),)),
    ("{{a.user_email}}", (Reference("a", (Key("user_email"),)),)),
    ("{{a.items[0].name}}", (Reference("a", (Key("items"), Index(0), Key("name"))),)),
    ("{{a[-1]}}", (Reference("a", (Index(-1),)),)),
    ("{{a[ 0 ]}}", (Reference("a", (Index(0),)),)),
    ("{{a.orders[*].sku}}", (Reference("a", (Key("orders"), Each(), Key("sku"))),)),
    ('{{a["first name"]}}', (Reference("a", (Key("first name"),)),)),
    ("{{a['first name']}}", (Reference("a", (Key("first name"),)),)),
    (r'{{a["quote \" slash \\ \u00e9 \ud83d\ude00"]}}', (Reference("a", (Key('quote " slash \\ é 😀'),)),)),
    ('{{a["}}"]}}', (Reference("a", (Key("}}"),)),)),
    ('{{a[""]}}', (Reference("a", (Key(""),)),)),
    ("{{a.이름}}", (Reference("a", (Key("이름"),)),)),
    ("{{a.ชื่อ}}", (Reference("a", (Key("ชื่อ"),)),)),
    ("{{a.0}}", (Reference("a", (Key("0"),)),)),
    ("{{trigger.headers.x-request-id}}", (Reference("trigger", (Key("headers"), Key("x-request-id"))),)),
    ("{{a.$meta.row_count}}", (Reference("a", (Meta(), Key("row_count"))),)),
    ('{{a["$meta"]}}', (Reference("a", (Key("$meta"),)),)),
    ("{{a.b.$meta}}", (Reference("a", (Key("b"), Key("$meta"))),)),
    ("{{a.__class__}}", (Reference("a", (Key("__class__"),)),)),
    ("{{a | upper}}", (Reference("a", (), (Pipe("upper"),)),)),
    ("{{a|upper()|trim}}", (Reference("a", (), (Pipe("upper"), Pipe("trim"))),)),
    ('{{a|default("x}}y")}}', (Reference("a", (), (Pipe("default", ("x}}y",)),)),)),
    ("{{a|default(null)}}", (Reference("a", (), (Pipe("default", (None,)),)),)),
    ("{{a|default(true)}}", (Reference("a", (), (Pipe("default", (True,)),)),)),
    ("{{a|multiply(-1.50)}}", (Reference("a", (), (Pipe("multiply", (Decimal("-1.50"),)),)),)),
    ("{{a | replace( 'a' , 'b' )}}", (Reference("a", (), (Pipe("replace", ("a", "b")),)),)),
    ("Hi {{a}}, {{b}}!", (Text("Hi "), Reference("a"), Text(", "), Reference("b"), Text("!"))),
    ("{{a}}{{b}}", (Reference("a"), Reference("b"))),
    (r"\{{a}}", (Text("{{a}}"),)),
    (r"\\{{a}}", (Text("\\"), Reference("a"))),
    (r"\\\{{a}}", (Text("\\{{a}}"),)),
    (r"C:\dir\x", (Text(r"C:\dir\x"),)),
    ('{"n":{{a.x}}}', (Text('{"n":'), Reference("a", (Key("x"),)), Text("}"))),
    ('{"a":{"b":1}}', (Text('{"a":{"b":1}}'),)),
    ("{{{a.k}}: 1}", (Text("{"), Reference("a", (Key("k"),)), Text(": 1}"))),
    ("}} {{a}} }}", (Text("}} "), Reference("a"), Text(" }}"))),
    ("{ { a } }", (Text("{ { a } }"),)),
]


@pytest.mark.parametrize(("text", "parts"), READ)
def test_reads(text: str, parts: tuple[Text | Reference, ...]) -> None:
    template = parse_template(text)
    assert template == Template(parts)
    assert parse_template(print_template(template)) == template


def test_a_reference_knows_where_it_stands() -> None:
    reference = parse_template("one\ntwo {{a.x}}{{b}}").references[1]
    assert (reference.start, reference.end, reference.line, reference.column) == (15, 20, 2, 12)


def refused(text: str) -> ReferenceProblem:
    """The problem of a text; its words exist in both languages."""
    with pytest.raises(ReferenceProblem) as caught:
        parse_template(text)
    problem = caught.value
    for language in ("en", "ko"):
        assert problem.message(language)
        assert problem.hint(language)
    assert problem.place.offset is not None
    assert problem.place.line is not None
    assert problem.place.column is not None
    return problem


@pytest.mark.parametrize(
    ("text", "offset", "instead"),
    [
        ("{{a.count*1000}}", 9, "{{a.count | multiply(1000)}}"),
        ("x {{ a.count * 1000 }}", 13, "{{a.count | multiply(1000)}}"),
        ("{{a.count + 1}}", 10, "{{a.count | add(1)}}"),
        ("{{a.count - 1}}", 10, "{{a.count | add(-1)}}"),
        ("{{a.count -1}}", 10, "{{a.count | add(-1)}}"),
        ("{{a.count / 100}}", 10, "{{a.count | multiply(0.01)}}"),
        ("{{a[0]*2}}", 6, "{{a[0] | multiply(2)}}"),
        ("{{a.n | number * 2}}", 15, "{{a.n | number | multiply(2)}}"),
        ("{{a.x || 'y'}}", 6, '{{a.x | default("y")}}'),
        ("{{a.name.toUpperCase()}}", 20, "{{a.name | upper}}"),
    ],
)
def test_an_expression_is_refused_with_what_to_write(text: str, offset: int, instead: str) -> None:
    problem = refused(text)
    assert problem.code == "reference_expression_instead"
    assert problem.place.offset == offset
    assert problem.hint() == f"Write {instead} instead."
    parse_template(instead)


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("{{}}", "reference_empty", 2),
        ("{{   }}", "reference_empty", 5),
        ("{{", "reference_incomplete", 2),
        ("{{a", "reference_unclosed", 3),
        ("{{a.b}", "reference_unclosed", 5),
        ("{{a.b} }", "reference_unclosed", 5),
        ("{{a.}}", "reference_incomplete", 4),
        ("{{a..b}}", "reference_syntax", 4),
        ("{{.a}}", "reference_syntax", 2),
        ("{{a[}}", "reference_incomplete", 4),
        ("{{a[0}}", "reference_incomplete", 5),
        ("{{a[b]}}", "reference_syntax", 4),
        ("{{a[1.5]}}", "reference_syntax", 4),
        ("{{a[99999999999999]}}", "reference_syntax", 4),
        ("{{a.'b'}}", "reference_syntax", 4),
        ("{{a b}}", "reference_expression", 4),
        ("{{a-b}}", "reference_expression", 3),
        ("{{a == b}}", "reference_expression", 4),
        ("{{a ? b : c}}", "reference_expression", 4),
        ("{{a.count / 3}}", "reference_expression", 10),
        ("{{a.b()}}", "reference_expression", 5),
        ("{{a.b(1)}}", "reference_expression", 5),
        ("{{a()}}", "reference_expression", 3),
        ("{{1}}", "reference_syntax", 2),
        ("{{'a'}}", "reference_syntax", 2),
        ("{{*}}", "reference_syntax", 2),
        ("{{a; b}}", "reference_expression", 3),
        ("{{#if a}}", "reference_syntax", 2),
        ("{{/if}}", "reference_syntax", 2),
        ("{{>partial}}", "reference_syntax", 2),
        ("{{&a}}", "reference_syntax", 2),
        ("{{!comment}}", "reference_syntax", 2),
        ("{{%a%}}", "reference_syntax", 2),
        ("{{{{a}}}}", "reference_braces", 0),
        ("{{a{{b}}}}", "reference_expression", 3),
        ("{{a[{{b}}]}}", "reference_syntax", 4),
        ("{{a.{{b}}}}", "reference_syntax", 4),
        ("{{ {{a}} }}", "reference_syntax", 3),
        ('{{a["b}}', "reference_text_unclosed", 4),
        ('{{a["b"}}', "reference_incomplete", 7),
        (r'{{a["\x"]}}', "reference_escape", 5),
        (r'{{a["\u12"]}}', "reference_escape", 5),
        (r'{{a["\ud800"]}}', "reference_escape", 5),
        (r'{{a["\ud800\u0041"]}}', "reference_escape", 5),
        ("{{a |}}", "reference_incomplete", 5),
        ("{{a | }}", "reference_incomplete", 6),
        ("{{| upper}}", "reference_syntax", 2),
        ("{{a | 5}}", "reference_syntax", 6),
        ("{{a | uper}}", "pipe_unknown_near", 6),
        ("{{a | toUpper}}", "pipe_unknown_near", 6),
        ("{{a | eval}}", "pipe_unknown", 6),
        ("{{a | __import__('os')}}", "pipe_unknown", 6),
        ("{{a | default}}", "pipe_arguments", 6),
        ("{{a | default('a', 'b')}}", "pipe_arguments", 6),
        ("{{a | upper(1)}}", "pipe_arguments", 6),
        ("{{a | replace('', 'x')}}", "pipe_arguments", 6),
        ("{{a | split('')}}", "pipe_arguments", 6),
        ("{{a | round(1.5)}}", "pipe_arguments", 6),
        ("{{a | round(101)}}", "pipe_arguments", 6),
        ("{{a | round(true)}}", "pipe_arguments", 6),
        ("{{a | add('1')}}", "pipe_arguments", 6),
        ("{{a | addDays(0.5)}}", "pipe_arguments", 6),
        ("{{a | addDays(99999999999)}}", "pipe_arguments", 6),
        ("{{a | slice(null)}}", "pipe_arguments", 6),
        ("{{a | date('')}}", "pipe_arguments", 6),
        ("{{a | date('YYYY', 'Asia/Soul')}}", "date_zone_unknown_near", 6),
        ("{{a | date('YYYY', '../../etc/passwd')}}", "date_zone_unknown", 6),
        ("{{a | date('YYYY', '/etc/passwd')}}", "date_zone_unknown", 6),
        ("{{a | date('YYYY', 'Asia')}}", "date_zone_unknown_near", 6),
        ("{{a | date('" + "Y" * 201 + "')}}", "pipe_arguments", 6),
        ("{{a | default(b)}}", "reference_syntax", 14),
        ("{{a | default({{b}})}}", "reference_syntax", 14),
        ("{{a | default(1 2)}}", "reference_syntax", 16),
        ("{{a | default(1,)}}", "reference_syntax", 16),
        ("{{a | default(,1)}}", "reference_syntax", 14),
        ("{{a | default(1}}", "reference_incomplete", 15),
        ("{{a | default('x'", "reference_incomplete", 17),
        ("{{a | default(1e5)}}", "reference_syntax", 15),
        ("{{a | default(NaN)}}", "reference_syntax", 14),
        ("{{a.b!r}}", "reference_expression", 5),
        ("{{a.b:>10}}", "reference_expression", 5),
        ("{{a.b%s}}", "reference_expression", 5),
        ("{{${a}}}", "reference_syntax", 2),
        ("{{a.b\\}}", "reference_expression", 5),
        ("{{a,b}}", "reference_expression", 3),
        ("{{a\0}}", "reference_expression", 3),
        ("{{\u202ea}}", "reference_syntax", 2),
        ("x\ud800{{a}}", "template_character", 1),
        ("ok {{a}}\n and {{b}", "reference_unclosed", 17),
    ],
)
def test_refuses_with_the_place(text: str, code: str, offset: int) -> None:
    problem = refused(text)
    assert (problem.code, problem.place.offset) == (code, offset)
    assert problem.place.line == text[:offset].count("\n") + 1
    assert problem.place.column == offset - (text.rfind("\n", 0, offset) + 1) + 1


def test_the_pipes_are_exactly_these() -> None:
    names = "default upper lower trim replace split join first last length number round add multiply date addDays json"
    assert set(PIPES) == {*names.split(), "urlencode", "slice", "sum", "unique"}


def test_an_unknown_pipe_names_the_nearest_and_wrong_arguments_the_usage() -> None:
    assert "addDays(-1)" in refused("{{a | addays(1)}}").hint()
    assert 'replace("-", "")' in refused("{{a | replace('x')}}").hint()


scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.text(max_size=8),
    st.decimals(-(10**9), 10**9, allow_nan=False, places=3),
)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Key, st.text(max_size=8)), st.builds(Index, st.integers(-99, 99)), st.builds(Each)
)
pipes = st.sampled_from([Pipe("upper"), Pipe("sum"), Pipe("slice", (0, -2)), Pipe("replace", ('"', "'\\\n"))])
pipes |= st.builds(lambda value: Pipe("default", (value,)), scalars)
references = st.builds(
    Reference,
    st.sampled_from(["a", "zz", "trigger", "now"]),
    st.lists(steps, max_size=5).map(tuple),
    st.lists(pipes, max_size=3).map(tuple),
)
texts = st.builds(Text, st.text(st.sampled_from("{}\\ax| "), min_size=1, max_size=9) | st.text(min_size=1, max_size=9))


@st.composite
def trees(draw: st.DrawFn) -> Template:
    parts: list[Text | Reference] = []
    for part in draw(st.lists(texts | references, max_size=6)):
        if not (isinstance(part, Text) and parts and isinstance(parts[-1], Text)):
            parts.append(part)
    return Template(tuple(parts))


@settings(deadline=None)
@given(trees())
def test_what_is_printed_reads_as_the_same(template: Template) -> None:
    assert parse_template(print_template(template)) == template


@settings(deadline=None)
@given(references)
def test_a_printed_reference_reads_as_itself(reference: Reference) -> None:
    assert parse_template(print_reference(reference)).lone == reference


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("{}\\ab.[]*|(),\"'0-1 \n$x") | st.characters(), max_size=40))
def test_any_text_is_read_or_cleanly_refused(text: str) -> None:
    for attempt in (text, "{{" + text + "}}", "{{a" + text + "}}", "{{a | default(" + text + ")}}"):
        try:
            template = parse_template(attempt)
        except ReferenceProblem as caught:
            problem = caught
        else:
            assert parse_template(print_template(template)) == template
            continue
        assert problem.place.offset is not None
        assert 0 <= problem.place.offset <= len(attempt)
        assert problem.message("ko")
        assert problem.hint("en")
