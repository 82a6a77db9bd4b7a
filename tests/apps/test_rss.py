"""Feeds of every kind, made here, and everything that servers answer in a feed's place."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcode.apps.registry import find_app
from outcode.apps.rss.documents import MOST_TAGS
from outcode.apps.rss.hooks import read_feed
from outcode.apps.rss.plain_text import plain_text
from outcode.values.problems import Problem, TooLarge, VendorRejected

KEYS = {
    "id",
    "title",
    "link",
    "summary",
    "content",
    "author",
    "published",
    "updated",
    "published_raw",
    "categories",
    "enclosures",
    "comments",
    "image",
}

RSS_2 = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
     xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>오늘의 소식</title><link>https://news.example.com/</link><description>All &amp; sundry</description>
<language>ko</language><lastBuildDate>Sat, 21 Nov 2026 09:30:00 +0900</lastBuildDate><generator>hand</generator>
<image><url>https://news.example.com/logo.png</url><title>x</title><link>https://news.example.com/</link></image>
<item><guid isPermaLink="false">n-2</guid><title>Fish &amp;amp; chips</title><link>/2</link>
  <dc:creator>Mina</dc:creator>
  <description>&lt;p&gt;Short &lt;b&gt;words&lt;/b&gt;&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;</description>
  <content:encoded><![CDATA[<p>Long <i>words</i></p><p>more</p>]]></content:encoded>
  <pubDate>Sat, 21 Nov 2026 09:00:00 +0900</pubDate><category>food</category><category>uk</category>
  <comments>https://news.example.com/2#comments</comments>
  <enclosure url="https://cdn.example.com/2.mp3" length="12345" type="audio/mpeg"/>
  <media:thumbnail url="https://cdn.example.com/2.jpg"/></item>
<item><title>No id, no date</title><link>https://news.example.com/1</link></item>
<item><title>Nothing but a title</title></item>
</channel></rss>"""

ATOM_10 = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Notes</title><subtitle>of a day</subtitle>
<link rel="self" href="https://a.example.com/atom.xml"/><link href="https://a.example.com/"/>
<updated>2026-11-21T10:00:00.5+09:00</updated><id>urn:x</id><logo>https://a.example.com/l.png</logo>
<entry><id>urn:1</id><title type="html">A &lt;em&gt;bold&lt;/em&gt; title</title><link href="notes/1"/>
<author><name>Jun</name></author><published>2026-11-20T23:00:00Z</published><updated>2026-11-21T01:00:00Z</updated>
<category term="t1" label="Tag"/><summary>short</summary><content type="html">&lt;p&gt;long&lt;/p&gt;</content></entry>
</feed>"""

ATOM_03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Old</title><tagline>older</tagline>
<link rel="alternate" type="text/html" href="https://o.example.com/"/><modified>2004-01-02T03:04:05Z</modified>
<entry><title>One</title><id>tag:o.example.com,2004:1</id><issued>2004-01-02T03:04:05Z</issued>
<modified>2004-01-03T03:04:05Z</modified><link rel="alternate" type="text/html" href="https://o.example.com/1"/>
<content type="text/html" mode="escaped">&lt;p&gt;x&lt;/p&gt;</content></entry></feed>"""

RSS_10 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://r.example.com/"><title>RDF</title>
<link>https://r.example.com/</link><description>d</description></channel>
<item rdf:about="https://r.example.com/1"><title>One</title><link>https://r.example.com/1</link>
<dc:date>2026-11-21T00:00:00Z</dc:date><dc:creator>Ann</dc:creator><dc:subject>s</dc:subject></item></rdf:RDF>"""

RSS_091 = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://127.0.0.1:1/rss-0.91.dtd"><rss version="0.91"><channel><title>Netscape</title><link>https://n.example.com/</link>
<description>d</description><language>en</language><item><title>One</title><link>https://n.example.com/1</link>
<description>first</description></item></channel></rss>"""

RSS_092 = RSS_091.partition("<rss")[1] + RSS_091.partition("<rss")[2].replace("0.91", "0.92")

JSON_11 = """{"version": "https://jsonfeed.org/version/1.1", "title": "J", "home_page_url": "https://j.example.com/",
"description": "d", "language": "en", "icon": "https://j.example.com/i.png", "items": [
 {"id": "1", "url": "https://j.example.com/1", "title": "One",
  "content_html": "<p onclick='x()'>Hi</p><script>y()</script>", "summary": "s", "image": "https://j.example.com/1.png",
  "date_published": "2026-11-21T10:00:00+09:00",
  "authors": [{"name": "A"}, {"name": "B"}], "tags": ["t"],
  "attachments": [{"url": "https://j.example.com/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 5}]},
 {"id": 2, "content_text": "plain < text", "author": {"name": "C"}}, "nonsense"]}"""


@dataclass(frozen=True)
class Answer:
    """What the transport hands to the hook."""

    body: bytes
    content_type: str | None = None
    status: int = 200
    more: dict[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        return self.content_type if name.lower() == "content-type" else None


def read(document: str | bytes, content_type: str | None = None, **inputs: Any) -> Any:
    body = document.encode() if isinstance(document, str) else document
    return read_feed(Answer(body, content_type), inputs)


def refused(document: str | bytes, content_type: str | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        read(document, content_type)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


def test_rss_2() -> None:
    said = read(RSS_2, "application/rss+xml")
    assert said["feed"] == {
        "title": "오늘의 소식",
        "link": "https://news.example.com/",
        "description": "All & sundry",
        "language": "ko",
        "updated": "2026-11-21T00:30:00Z",
        "image": "https://news.example.com/logo.png",
        "generator": "hand",
    }
    first, second, third = said["items"]
    assert first == {
        "id": "n-2",
        "title": "Fish &amp; chips",
        "link": "https://news.example.com/2",
        "summary": "<p>Short <b>words</b></p>",
        "content": "<p>Long <i>words</i></p><p>more</p>",
        "author": "Mina",
        "published": "2026-11-21T00:00:00Z",
        "updated": None,
        "published_raw": "Sat, 21 Nov 2026 09:00:00 +0900",
        "categories": ["food", "uk"],
        "enclosures": [{"url": "https://cdn.example.com/2.mp3", "type": "audio/mpeg", "length": 12345}],
        "comments": "https://news.example.com/2#comments",
        "image": "https://cdn.example.com/2.jpg",
    }
    assert (second["id"], second["published"]) == ("https://news.example.com/1", None)
    assert len(third["id"]) == 64
    assert third["id"] == read(RSS_2)["items"][2]["id"]


def test_atom_1_0() -> None:
    said = read(ATOM_10, "application/atom+xml")
    assert said["feed"]["title"] == "Notes"
    assert said["feed"]["description"] == "of a day"
    assert said["feed"]["link"] == "https://a.example.com/"
    assert said["feed"]["updated"] == "2026-11-21T01:00:00Z"
    assert said["feed"]["image"] == "https://a.example.com/l.png"
    [entry] = said["items"]
    assert (entry["id"], entry["link"], entry["author"]) == ("urn:1", "https://a.example.com/notes/1", "Jun")
    assert (entry["title"], entry["summary"], entry["content"]) == ("A <em>bold</em> title", "short", "<p>long</p>")
    assert (entry["published"], entry["updated"]) == ("2026-11-20T23:00:00Z", "2026-11-21T01:00:00Z")
    assert entry["categories"] == ["t1"]


@pytest.mark.parametrize(
    ("document", "title", "identity", "published"),
    [
        (ATOM_03, "Old", "tag:o.example.com,2004:1", "2004-01-02T03:04:05Z"),
        (RSS_10, "RDF", "https://r.example.com/1", None),
        (RSS_091, "Netscape", "https://n.example.com/1", None),
        (RSS_092, "Netscape", "https://n.example.com/1", None),
    ],
    ids=["atom 0.3", "rss 1.0", "rss 0.91 with its DTD", "rss 0.92"],
)
def test_older_kinds(document: str, title: str, identity: str, published: str | None) -> None:
    said = read(document, "text/xml")
    [entry] = said["items"]
    assert said["feed"]["title"] == title
    assert (entry["id"], entry["title"], entry["published"]) == (identity, "One", published)
    if document is RSS_10:
        assert (entry["updated"], entry["author"], entry["categories"]) == ("2026-11-21T00:00:00Z", "Ann", ["s"])


@pytest.mark.parametrize("version", ["https://jsonfeed.org/version/1", "http://www.jsonfeed.org/version/1.1/"])
def test_json_feed(version: str) -> None:
    said = read(JSON_11.replace("https://jsonfeed.org/version/1.1", version), "application/feed+json")
    assert said["feed"]["title"] == "J"
    assert said["feed"]["image"] == "https://j.example.com/i.png"
    first, second = said["items"]
    assert first == {
        "id": "1",
        "title": "One",
        "link": "https://j.example.com/1",
        "summary": "s",
        "content": "<p>Hi</p>",
        "author": "A, B",
        "published": "2026-11-21T01:00:00Z",
        "updated": None,
        "published_raw": "2026-11-21T10:00:00+09:00",
        "categories": ["t"],
        "enclosures": [{"url": "https://j.example.com/1.mp3", "type": "audio/mpeg", "length": 5}],
        "comments": None,
        "image": "https://j.example.com/1.png",
    }
    assert (second["id"], second["content"], second["author"]) == ("2", "plain < text", "C")


@pytest.mark.parametrize("document", [RSS_2, ATOM_10, ATOM_03, RSS_10, RSS_091, RSS_092, JSON_11])
def test_every_row_has_every_declared_key(document: str) -> None:
    said = read(document)
    [action] = find_app("rss").actions
    assert {output.path for output in action.outputs.fields} == KEYS
    assert all(set(item) == KEYS for item in said["items"])
    meta = {output.path.rpartition(".")[2] for output in action.outputs.meta if output.path.startswith("data.feed.")}
    assert set(said["feed"]) == meta


KOREAN = '<?xml version="1.0" encoding="{}"?><rss version="2.0"><channel><title>똠방각하 뉴스</title></channel></rss>'


@pytest.mark.parametrize(
    ("codec", "declared", "content_type"),
    [
        ("cp949", "euc-kr", "text/xml"),
        ("cp949", "utf-8", "text/xml; charset=EUC-KR"),
        ("cp949", "EUC-KR", "application/rss+xml; charset=utf-8"),
        ("cp949", "ks_c_5601-1987", None),
        ("cp949", "no-such", "text/xml; charset='punycode'"),
        ("utf-8", "euc-kr", "text/xml; charset=utf-8"),
        ("utf-8-sig", "euc-kr", "text/xml; charset=euc-kr"),
        ("utf-16", "utf-16", None),
        ("utf-16-le", "utf-16", None),
        ("utf-16-be", "utf-16", "text/xml"),
        ("utf-32", "utf-8", "text/xml"),
        ("utf-8", "zlib", "text/xml; charset=unicode_escape"),
    ],
)
def test_character_sets(codec: str, declared: str, content_type: str | None) -> None:
    body = KOREAN.format(declared).encode(codec)
    assert read(body, content_type)["feed"]["title"] == "똠방각하 뉴스"


def test_one_broken_character_does_not_make_a_feed_unreadable() -> None:
    body = RSS_2.encode().replace(b"Mina", b"Mi\xffna", 1)
    assert read(body)["items"][0]["author"] == "Mi\ufffdna"


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><head><title>x</title></head><body><rss></rss></body></html>",
        "\n <HTML><body>Not found</body></HTML>",
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html/>',
        "<p>x</p><body>",
    ],
)
def test_a_web_page_is_no_feed(page: str) -> None:
    assert refused(page, "text/html").code == "feed_is_page"


@pytest.mark.parametrize("text", ["", "hello", "<a/>", "<rssx/>", '{"a": 1}', "[]", "\x00" * 100, '{"version": 5}'])
def test_something_else_is_no_feed(text: str) -> None:
    assert refused(text).code == "feed_unknown"


def test_a_feed_without_entries_is_a_feed() -> None:
    assert read('<rss version="2.0"><channel><title>x</title></channel></rss>')["items"] == []
    assert read('{"version": "https://jsonfeed.org/version/1", "title": "x"}')["items"] == []


@pytest.mark.parametrize(
    "damage", [lambda text: text.replace("</channel></rss>", ""), lambda text: "<br />Warning: line 1<br />\n" + text]
)
def test_a_damaged_feed_counts_as_far_as_entries_were_found(damage: Any) -> None:
    assert [item["title"] for item in read(damage(RSS_2))["items"]][1:] == ["No id, no date", "Nothing but a title"]


@pytest.mark.parametrize("text", ['<rss version="2.0"><channel><title>x', '{"version": "https://jsonfeed.org/v'])
def test_a_damaged_feed_without_entries_is_told(text: str) -> None:
    problem = refused(text)
    assert (problem.code, type(problem)) == ("feed_malformed", VendorRejected)
    assert problem.details["reason"]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "laughs": f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]>',
    "file": '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
    "parameter": '<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]>',
    "lower case": '<!doctype rss [\n<!entity l9 "ha">]>',
    "in a comment": '<!-- <rss> \n--><!DOCTYPE rss [\n<!ENTITY l9 "ha">]>',
}
RSS_WITH_REFERENCE = '<rss version="2.0"><channel><title>&l9;</title><item><title>a&l9;</title></item></channel></rss>'


@pytest.mark.parametrize("prolog", HOSTILE.values(), ids=HOSTILE.keys())
def test_entities_are_never_expanded(prolog: str) -> None:
    if prolog.startswith("<!--"):
        assert read(prolog + RSS_WITH_REFERENCE)["items"][0]["title"] == "a&l9;"
    else:
        assert refused(prolog + RSS_WITH_REFERENCE).code == "feed_declares_entities"


def test_entities_of_a_document_inside_are_not_expanded() -> None:
    inside = '<rss version="2.0"><!DOCTYPE rss [<!ENTITY l9 "ha">]>' + RSS_WITH_REFERENCE
    said = read(inside)
    assert said["items"][0]["title"] == "a&l9;"


def test_a_body_is_never_taken_for_the_name_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(RSS_2, "utf-8")
    assert refused(str(secret)).code == "feed_unknown"
    assert refused(f"file://{secret}").code == "feed_unknown"


def test_a_feed_of_nothing_but_tags_is_refused_at_once() -> None:
    begun = time.process_time()
    for body in (b"<rss>" + b"<a>" * MOST_TAGS, b'{"version": "' + b"<" * 9_000_000, b"<rss>" + b"&lt;" * 2_500_000):
        with pytest.raises(TooLarge):
            read(body)
    assert time.process_time() - begun < 10


def test_items_are_chosen_by_number_date_and_words() -> None:
    assert len(read(RSS_2, limit=2)["items"]) == 2
    after = read(RSS_2, since="2026-11-21T00:00:00Z")["items"]
    assert [item["title"] for item in after] == ["No id, no date", "Nothing but a title"]
    assert len(read(RSS_2, since="2026-11-21T08:59:59+09:00")["items"]) == 3
    assert [item["id"] for item in read(RSS_2, keyword="WORDS ")["items"]] == ["n-2"]
    assert read(RSS_2, keyword="<b>")["items"] == []
    assert len(read(RSS_2, keyword="", since=None, limit=None)["items"]) == 3


def test_html_becomes_text_when_asked() -> None:
    said = read(RSS_2, strip_html=True)
    first = said["items"][0]
    assert (first["title"], first["summary"], first["content"]) == ("Fish & chips", "Short words", "Long words\nmore")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("a<br/>b &lt;c&gt; &nbsp; d", "a\nb <c> d"),
        ("<style>x{}</style><script>if(a<b)</script>y", "y"),
        ("1 < 2", "1 < 2"),
        ("</script>a", "a"),
    ],
)
def test_plain_text(html: str, text: str) -> None:
    assert plain_text(html) == text


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(
            lambda text: f'<rss version="2.0"><channel><item>{text}</item></channel></rss>'.encode()
        ),
        st.integers(0, len(RSS_2)).map(lambda end: RSS_2[:end].encode()),
        st.tuples(st.integers(0, len(ATOM_10)), st.binary(max_size=5)).map(
            lambda cut: ATOM_10.encode()[: cut[0]] + cut[1] + ATOM_10.encode()[cut[0] + len(cut[1]) :]
        ),
    )
)
def test_whatever_comes_it_is_a_feed_or_a_problem(body: bytes) -> None:
    with suppress(VendorRejected, TooLarge):
        assert all(set(item) == KEYS for item in read(body, strip_html=True, keyword="a")["items"])


def test_a_feed_of_a_thousand_items_is_read_in_seconds() -> None:
    head, item, tail = (
        RSS_2.partition("<item>")[0],
        RSS_2[RSS_2.index("<item>") : RSS_2.index("<item><title>No")],
        "</channel></rss>",
    )
    body = (head + item * 1000 + tail).encode()
    begun = time.process_time()
    assert len(read(body, limit=1000)["items"]) == 1000
    assert time.process_time() - begun < 30


def test_the_app_is_among_the_others() -> None:
    app = find_app("rss")
    assert (app.category, app.connection_required) == ("Productivity", False)
    assert [kind.key for kind in app.connections] == ["feed", "feed_basic"]
