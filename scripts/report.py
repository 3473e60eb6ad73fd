# SPDX-License-Identifier: GPL-2.0
"""Writes report.html: cases against columns, one file that needs no server, no network and no script.

A column is a host, or a host at one patch of a series: columns of one group stand
together under its title. A cell leads to what the case said, which CSS alone
shows (:target), so that it works wherever HTML is shown, scripts allowed or not.
"""

from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape

import greens
from stream import printable
from verdicts import VERDICTS, explained, in_words

# A verdict has a sign as well as a colour: not everybody can tell colours apart.
SIGNS = {"pass": "✓", "fail": "✗", "skip": "–", "xfail": "(✗)", "timeout": "T", "crash": "!", "missing": "?"}

STYLE = """
:root { color-scheme: light dark; --back: #fff; --ink: #1a1a1a; --line: #bbb; --soft: #f2f2f2; }
@media (prefers-color-scheme: dark) { :root { --back: #161616; --ink: #e6e6e6; --line: #555; --soft: #262626; } }
* { box-sizing: border-box; }
body { margin: 0; padding: .8rem; background: var(--back); color: var(--ink); font: 16px/1.4 sans-serif; }
header, fieldset, .files { max-width: calc(100vw - 1.6rem); position: sticky; left: .8rem; }
h1 { font-size: 1.25rem; margin: 0 0 .2rem; }
p { margin: .2rem 0; }
a { color: inherit; }
.sum { font-weight: bold; }
fieldset { border: 0; margin: .6rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem .9rem; }
fieldset label { padding: .2rem 0; }
table { border-collapse: separate; border-spacing: 2px; }
thead { position: sticky; top: 0; z-index: 3; background: var(--back); }
thead th { background: var(--back); vertical-align: bottom; font-weight: normal; }
thead .group { border-bottom: 2px solid var(--line); font-size: .75rem; line-height: 1.2; min-width: 4.4rem;
  overflow-wrap: anywhere; }
th.column span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
th.case, th.program, thead .corner { position: sticky; left: 0; text-align: left; background: var(--back); z-index: 1; }
th.program { padding-top: .7rem; }
th.program span { position: sticky; left: .8rem; display: inline-block; }
th.program small { font-weight: normal; }
th.case { font: .85rem/1.25 monospace; min-width: 12rem; max-width: min(34rem, 52vw); overflow-wrap: anywhere;
  scroll-margin: 40vh; }
td { padding: 0; text-align: center; min-width: 2.1rem; }
td a, .sign { display: block; min-width: 2.1rem; padding: .2rem; border-radius: 3px; text-decoration: none;
  font-weight: bold; }
.sign { display: inline-block; text-align: center; padding: 0 .2rem; }
.pass { background: #cfe8f3; color: #0b3a53; }
.fail { background: #c2410c; color: #fff; }
.skip { background: #d8d8d8; color: #333; }
.xfail { background: #f5e27a; color: #3d3400; }
.timeout { background: #7b2d8b; color: #fff; }
.crash { background: #111; color: #fff; box-shadow: inset 0 0 0 1px #999; }
.missing { background: #fff; color: #900; box-shadow: inset 0 0 0 2px #900; }
td.unexpected a { outline: 3px solid #e00000; outline-offset: -1px; }
td a:focus, td a:hover { outline: 3px solid #2563eb; outline-offset: 0; }
.hidden { position: absolute; opacity: 0; }
.hidden:focus-visible ~ fieldset { outline: 2px solid #2563eb; }
.detail { display: none; }
.detail:target { display: block; position: fixed; left: 0; right: 0; bottom: 0; z-index: 9; max-height: 60vh;
  overflow: auto; padding: .8rem; background: var(--soft); color: var(--ink); border-top: 3px solid var(--ink); }
.detail h2 { margin: 0 5rem .4rem 0; font: bold 1rem/1.3 monospace; overflow-wrap: anywhere; }
.detail .close { position: absolute; top: .5rem; right: .8rem; padding: .3rem .7rem; border: 1px solid var(--line);
  border-radius: 3px; text-decoration: none; }
.detail p { overflow-wrap: anywhere; }
pre { margin: .5rem 0 0; padding: .5rem; overflow: auto; background: var(--back); border: 1px solid var(--line);
  font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
label { cursor: pointer; text-decoration: underline; }
#all:checked ~ fieldset [for=all], #only-not-pass:checked ~ fieldset [for=only-not-pass],
#only-unexpected:checked ~ fieldset [for=only-unexpected] { font-weight: bold; text-decoration: none; }
#only-not-pass:checked ~ table .all-pass, #only-unexpected:checked ~ table .all-expected { display: none; }
"""


@dataclass
class Column:
    title: str
    about: str = ""
    group: str = ""
    link: str = ""
    note: str = ""


@dataclass
class Cell:
    verdict: str
    expected: bool
    seconds: float = 0.0
    reason: str = ""
    log: list = ()


@dataclass
class Page:
    """CELLS is {(name of a case, number of a column): Cell}; LINKS is [(heading, [file beside the page, …])].

    SENTENCES is {name of a case: what it tests}.
    """
    title: str
    facts: list
    columns: list
    cells: dict
    links: list
    sentences: dict


def _text(text):
    return escape(printable(text))


def _name(text):
    """A name that may be broken where its parts meet."""
    return _text(text).replace("_", "_<wbr>").replace(".", ".<wbr>")


def _head(columns):
    groups = []
    for column in columns:
        if not groups or groups[-1][0] != column.group:
            groups.append([column.group, column.link, 0])
        groups[-1][2] += 1
    if any(group for group, _, _ in groups):
        yield '<tr><th class="corner"></th>'
        for group, link, width in groups:
            name = f'<a href="{_text(link)}">{_text(group)}</a>' if link else _text(group)
            yield f'<th class="group" colspan="{width}">{name}</th>'
        yield "</tr>"
    yield '<tr><th class="corner">case</th>'
    yield from (f'<th class="column" title="{_text(column.about)}"><span>{_text(column.title)}</span></th>'
                for column in columns)
    yield "</tr>"


def _classes(cells):
    """What the filters go by."""
    return " ".join(name for name, holds in (("all-pass", all(cell.verdict == "pass" for cell in cells)),
                                             ("all-expected", all(cell.expected for cell in cells))) if holds)


def _counts(cells):
    return ", ".join(f"{n} {verdict}" for verdict in VERDICTS if (n := sum(c.verdict == verdict for c in cells)))


def _row(number, case, page):
    cells = [page.cells.get((case, index)) for index in range(len(page.columns))]
    name = case.partition(".")[2] or case
    yield f'<tr class="{_classes([c for c in cells if c])}"><th class="case" id="r{number}">{_name(name)}</th>'
    for index, cell in enumerate(cells):
        if cell is None:
            yield '<td title="not run here"></td>'
            continue
        column = page.columns[index]
        where = ", ".join(filter(None, (case, column.group, column.title)))
        what = f"{cell.verdict}{'' if cell.expected else ', not as expected'}: {where}"
        yield (f'<td{"" if cell.expected else " class=unexpected"}><a class="{cell.verdict}" href="#c{number}-{index}" '
               f'title="{_text(what)}" aria-label="{_text(what)}">{SIGNS[cell.verdict]}</a></td>')
    yield "</tr>\n"


def _table(page, cases):
    yield f"<table><thead>{''.join(_head(page.columns))}</thead>\n"
    numbers = {case: number for number, case in enumerate(cases)}
    for program in dict.fromkeys(case.partition(".")[0] for case in cases):
        mine = [case for case in cases if case.partition(".")[0] == program]
        cells = [cell for (case, _), cell in page.cells.items() if case.partition(".")[0] == program]
        yield (f'<tbody class="{_classes(cells)}"><tr><th class="program" colspan="{len(page.columns) + 1}">'
               f'<span>{_name(program)} <small>{_counts(cells)}</small></span></th></tr>\n')
        for case in mine:
            yield from _row(numbers[case], case, page)
        yield "</tbody>\n"
    yield "</table>\n"


def _detail(number, index, case, page):
    cell, column = page.cells[case, index], page.columns[index]
    group = f'<a href="{_text(column.link)}">{_text(column.group)}</a>' if column.link else _text(column.group)
    where = f"{group}, {_text(column.title)}" if group else _text(column.title)
    yield (f'<section class="detail" id="c{number}-{index}"><a class="close" href="#r{number}">close</a>'
           f'<h2>{_name(case)}</h2><p><span class="sign {cell.verdict}">{SIGNS[cell.verdict]}</span> '
           f'<b>{cell.verdict}</b>{"" if cell.expected else ", not as expected"} on {where}, '
           f'{cell.seconds:.3f} s by its clock</p>')
    if case in page.sentences:
        yield f"<p>It tests: <q>{_text(page.sentences[case])}</q></p>"
    if column.about:
        yield f"<p>The host: {_text(column.about)}</p>"
    if column.note:
        yield f"<p>{_text(column.note)}</p>"
    if cell.reason:
        yield f"<p><b>{_text(cell.reason)}</b></p>"
    if cell.log:
        yield f"<pre>{chr(10).join(_text(line) for line in cell.log)}</pre>"
    yield "</section>\n"


def _filters(cells):
    shown = (("all", "all", len(cells)),
             ("only-not-pass", "not pass", sum(cell.verdict != "pass" for cell in cells)),
             ("only-unexpected", "not as expected", sum(not cell.expected for cell in cells)))
    # The inputs stand beside the table, so that a style can look from one to the other.
    for name, _, _ in shown:
        yield f'<input class="hidden" type="radio" name="show" id="{name}"{" checked" if name == "all" else ""}>'
    yield "<fieldset>"
    yield from (f'<label for="{name}">{text} ({number})</label>' for name, text, number in shown)
    yield "</fieldset>\n<fieldset>"
    yield from (f'<span><span class="sign {verdict}">{SIGNS[verdict]}</span> {verdict} '
                f'{sum(cell.verdict == verdict for cell in cells)}</span>' for verdict in VERDICTS)
    yield "</fieldset>\n"


def _links(page):
    for heading, files in page.links:
        links = "".join(f'<li><a href="{_text(file)}">{_text(file)}</a></li>' for file in files)
        yield f'<details class="files"><summary>{_text(heading)}</summary><ul>{links}</ul></details>\n'


def _pieces(page):
    cases = list(dict.fromkeys(case for case, _ in page.cells))
    cells = list(page.cells.values())
    yield ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
           '<meta name="viewport" content="width=device-width, initial-scale=1, minimum-scale=1">'
           f"<title>{_text(page.title)}</title><style>{STYLE}</style></head>\n<body>\n")
    yield f"<header><h1>{_text(page.title)}</h1>"
    yield from (f"<p>{_text(fact)}</p>" for fact in page.facts)
    yield "</header>\n"
    yield from _links(page)
    if cells:
        yield from _filters(cells)
        yield from _table(page, cases)
    else:
        yield "<p>There is no verdict.</p>\n"
    for number, case in enumerate(cases):
        for index in range(len(page.columns)):
            if (case, index) in page.cells:
                yield from _detail(number, index, case, page)
    yield "</body></html>\n"


def text(page):
    return "".join(_pieces(page))


def page_of_run(cases, facts, seconds, hosts, unexpected, patches, sentences):
    """UNEXPECTED as in table.text(); PATCHES: the names of the files in patches/."""
    place = {host.name: index for index, host in enumerate(hosts)}
    cells = {(case.name, place[case.host]): Cell(
        case.verdict, (case.host, case.name) not in unexpected, case.seconds,
        explained(case, unexpected[case.host, case.name]) if (case.host, case.name) in unexpected else case.reason,
        case.log) for case in cases}
    times = ", ".join(f"{key} {value:.1f}" for key, value in seconds.items())
    started = datetime.fromtimestamp(facts["started"], timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    links = [("all files of this run", ["results.ktap", "junit.xml", "kcidb.json", "summary.json", "console.log"])]
    if patches:
        links.append((f"{len(patches)} patches on Linux {facts['base']}", [f"patches/{name}" for name in patches]))
    return Page(f"Linux {facts['base']}, {facts['tree']}: {in_words(len(unexpected), len(cases))}",
                [started, f"Seconds: {times}"], [Column(host.name, host.about) for host in hosts], cells, links,
                sentences)


def page_of_validation(series, hosts, records, wrong, notes, sentences):
    """Cases against patches, each on every host.

    WRONG and NOTES: {number of the patch: sentences}, as greens.judge() and greens.notes() have them.
    """
    columns, cells, facts = [], {}, []
    logs = {number: f"patch-{number:02}/{'results.ktap' if record['built'] else 'build.log'}"
            for number, record in records.items()}
    # A commit that others have needs no file here.
    mails = {patch.number: f"patch-{patch.number:02}/patch.txt" for patch in series.patches
             if patch.number or not series.published}
    for patch in series.patches:
        # What is said of a case stands in its cell; the rest is on top of the page.
        bad, of_cases = wrong[patch.number], 0
        rest = list(bad)
        for host in hosts:
            for case in (case for case in records[patch.number]["cases"] if case["host"] == host.name):
                name = case["name"]
                said = [sentence for sentence in rest if sentence.startswith(f"{name} on {host.name}: ")]
                rest = [sentence for sentence in rest if sentence not in said]
                of_cases += len(said)
                reason = "; ".join([*(sentence.partition(": ")[2] for sentence in said), case["reason"]]).strip("; ")
                cells[name, len(columns)] = Cell(case["verdict"], not said, case["seconds"], reason, case["log"])
            times = ", ".join(f"{key} {value:.0f}" for key, value in records[patch.number]["seconds"].items())
            columns.append(Column(host.name, host.about, f"{patch.number} {'✗' if bad else '✓'} {patch.subject}",
                                  mails.get(patch.number, logs[patch.number]),
                                  f"The patch's seconds: {times}"))
        facts += [f"Patch {patch.number}: {sentence}" for sentence in (*rest, *notes[patch.number])]
        if of_cases:
            facts.append(f"Patch {patch.number}: verdicts not as it says, outlined below: {of_cases}")
    told = greens.sentence(wrong, records)
    facts.insert(0, told[0].upper() + told[1:])
    files = ["matrix.txt", "matrix.json", "kcidb.json", *(logs[patch.number] for patch in series.patches)]
    links = [("Files", files), ("Patches", list(mails.values()))]
    return Page(f"{series.name}, patch by patch", facts, columns, cells, links, sentences)
