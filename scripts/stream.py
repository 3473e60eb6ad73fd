# SPDX-License-Identifier: GPL-2.0
"""Parses what one boot wrote on its two channels; judges nothing.

The ktap file holds init's report (scripts/guest/init.c) with KTAP inside; the
console file holds the kernel's words. A line that was cut in the middle ends in
CUT and is evidence of an end, never a result.
"""

import re
from dataclasses import dataclass, field

CUT = "\0cut"

# What kselftest's runner says of a program, at the outer level.
_OUTER = re.compile(r"(not ok|ok) \d+ selftests: \S+ (\S+)(?: # ?(.*))?$")
_RESULT = re.compile(r"(not ok|ok) (\d+)(?: -)?(?: (.*))?$")
_DIRECTIVE = re.compile(r"^(.*?) ?# *(SKIP|XFAIL|XPASS|TIMEOUT|ERROR|TODO)\b *(.*)$", re.I)
_PLAN = re.compile(r"1\.\.(\d+)(?: *# *SKIP *(.*))?$", re.I)
_RUN = re.compile(r"# +RUN +(\S+) \.\.\.$")
_SUM = re.compile(r"# (?:PASSED|FAILED): \d+ / \d+ tests passed\.$")
_MARK = re.compile(r"bench: (\d+\.\d+) (begin|end) ?(.*)$")
# The kernel's last word. Hardware that is slow to go off lets it run on to where it has no business any more.
_OFF = "reboot: Power down"
_PRINTK = re.compile(r"\[ *(\d+\.\d+)\] ?(.*)$")

# What a kernel says when something is wrong with it. Arm64's spelling included:
# "Call trace:" where x86 has "Call Trace:".
_SPLATS = re.compile(
    r"WARNING:|BUG:|BUG at|Internal error:|Oops|Unable to handle kernel|Call [Tt]race:"
    r"|Kernel panic|cut here|refcount_t:|UBSAN:|KASAN:|KCSAN:|KFENCE:|INFO: rcu|rcu: INFO:"
    r"|detected stalls?|self-detected stall|soft lockup|hard LOCKUP|hung task|blocked for more than"
    r"|possible recursive locking|inconsistent lock state|possible circular locking|suspicious RCU usage"
    r"|scheduling while atomic|sleeping function called|unreferenced object|suspicious memory leaks"
    r"|nobody cared|kernel NULL pointer|HYP panic|nVHE call trace|Bad mode in|SError Interrupt"
    r"|list_(?:add|del) corruption|Out of memory:|trace imbalance"
)
# Lines with such a word that say nothing bad.
_HARMLESS = re.compile(r"^(?:Kernel command line:|Unknown kernel command line parameters)")


@dataclass
class Result:
    """One result line of a program."""
    ok: bool
    number: int
    name: str
    directive: str
    reason: str
    log: list
    start: float
    end: float


@dataclass
class Program:
    """One run of a program: of all its chosen cases, or of one alone."""
    name: str
    finished: bool = False
    harness: bool = False
    listed: list = field(default_factory=list)
    started: bool = False
    ended: bool = False
    ok: bool = False
    directive: str = ""
    plan: int = None
    plan_skip: str = None
    results: list = field(default_factory=list)
    running: str = ""
    log: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    log_since: float = 0.0


@dataclass
class Splat:
    """WHEN is by init's clock. PLACE: "boot", "tests" (RUNNING tells which, if that is known) or "after"."""
    when: float
    place: str
    running: str
    text: str
    log: list


@dataclass
class Boot:
    release: str = ""
    programs: list = field(default_factory=list)
    without_list: set = field(default_factory=set)
    unwanted: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    careful: bool = False
    status: int = None
    listed_at: float = None
    powered_off: bool = False
    cut: bool = False
    splats: list = field(default_factory=list)
    says: bool = False
    first_result: float = None
    last_result: float = None
    profile: dict = field(default_factory=dict)

    def program(self, name):
        for program in self.programs:
            if program.name == name:
                return program
        self.programs.append(Program(name))
        return self.programs[-1]


def printable(text):
    """Nothing that a program wrote may steer the reader's terminal or break a line."""
    return "".join(c if c.isprintable() or c == "\t" else
                   f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text)


def split_directive(text):
    match = _DIRECTIVE.match(text)
    if match:
        return match[1].strip(), match[2].upper(), match[3].strip()
    name, _, reason = text.partition(" # ")
    return name.strip(), "", reason.strip()


def _records(data):
    """(host seconds, text, cut) per line of a channel's file."""
    for line in data.decode("utf-8", errors="backslashreplace").split("\n"):
        if len(line) < 10:
            continue
        cut = line.endswith(CUT)
        yield float(line[:9]), line[10:-len(CUT)] if cut else line[10:], cut


class _Reader:
    """Follows the output of run_kselftest.sh through its programs, in their order."""

    def __init__(self, boot, programs):
        self.boot = boot
        self.waiting = list(programs)
        self.program = None
        # The runner's verdict at the end of a program's line. The program may have said it itself: it is
        # the runner's only if the next program begins, or all is over, and no other came.
        self.glued = None
        # The latest result without a name, and when it came.
        self.nameless = None

    def line(self, host_time, guest_time, text, cut):
        # A program whose last line has no end glues the runner's verdict to it.
        outer = _OUTER.search(text)
        if outer and not cut and self._is_next(outer[2]):
            if not outer.start():
                self._end_program(outer)
            elif self.program:
                self._program_line(guest_time, text[:outer.start()], True)
                self.glued = outer
        elif text.startswith("# selftests: ") and self.waiting and \
                (self.program is None or self.glued and text.endswith(f" {self.waiting[0].name}")):
            self.finish()
            self.program = self.waiting.pop(0)
            self.program.started = True
            self.program.log_since = guest_time
            if self.boot.first_result is None:
                self.boot.first_result = host_time
        elif text.startswith("#"):
            self._program_line(guest_time, text[1:].removeprefix(" "), cut)
        self.boot.last_result = host_time

    def finish(self):
        """No more will come of this program."""
        if self.glued:
            self._end_program(self.glued)

    def _is_next(self, name):
        expected = self.program or (self.waiting[0] if self.waiting else None)
        return expected is not None and expected.name == name

    def _end_program(self, outer):
        program = self.program or self.waiting.pop(0)
        program.started = program.ended = True
        program.ok = outer[1] == "ok"
        program.directive = (outer[3] or "").strip()
        self.program = self.glued = self.nameless = None

    def _program_line(self, when, text, cut):
        program = self.program
        if program is None:
            return
        text = printable(text)
        program.lines.append(text)
        run, plan, result = _RUN.match(text), _PLAN.match(text), _RESULT.match(text)
        if self.nameless and (run or _SUM.match(text)):
            # The harness of Linux before 6.10 gives a case that skips no name, and goes on.
            self._result(program, *self.nameless, program.running)
        if cut:
            program.log.append(text)
        elif run:
            program.running, program.log = run[1], []
        elif plan and program.plan is None:
            program.plan, program.plan_skip = int(plan[1]), plan[2]
        elif result:
            if split_directive(result[3] or "")[0]:
                self._result(program, when, result)
            else:
                # Not yet a result: the KVM library skips in the middle of a case with a line
                # of its own, before the harness gives its verdict on that case.
                program.log.append(text)
                self.nameless = (when, result) if program.running else None
        else:
            program.log.append(text)

    def _result(self, program, when, result, running=""):
        name, directive, reason = split_directive(result[3] or "")
        name = name or running
        self.nameless = None
        program.results.append(Result(result[1] == "ok", int(result[2]), name, directive, reason,
                                      program.log, program.log_since, when))
        program.running, program.log = "", []
        program.log_since = when


def read_ktap(data, boot):
    reader = None
    for host_time, text, cut in _records(data):
        kind, _, rest = text.partition(" ")
        stamp, _, content = rest.partition(" ")
        try:
            guest_time = float(stamp)
        except ValueError:
            boot.cut = True
            continue
        if cut and kind not in "oc":
            boot.cut = True
            continue
        if kind == "h":
            boot.release = content
        elif kind == "p":
            boot.program(content).harness = content in boot.without_list
            boot.listed_at = guest_time
        elif kind == "l":
            boot.listed_at = guest_time
            name, _, case = content.partition(" ")
            program = boot.program(name)
            program.harness = True
            program.listed.append(case)
        elif kind == "u":
            boot.unwanted.append(content.replace(" ", ".", 1))
        elif kind == "n":
            boot.without_list.add(content)
        elif kind == "r":
            name, _, case = content.partition(" ")
            boot.careful = True
            boot.programs.append(Program(name, harness=bool(case), listed=[case] if case else []))
            reader = _Reader(boot, boot.programs[-1:])
        elif kind in ("o", "c"):
            reader = reader or _Reader(boot, boot.programs)
            boot.cut = boot.cut or cut
            reader.line(host_time, guest_time, content, cut or kind == "c")
        elif kind == "x":
            boot.status = int(content)
            if reader:
                reader.finish()
            if boot.careful:
                boot.programs[-1].finished = True
        elif kind == "g":
            name, _, octets = content.partition(" ")
            boot.profile[name] = bytes.fromhex(octets)
        elif kind == "e":
            boot.errors.append(printable(content))
        elif kind == "q":
            boot.powered_off = True


def read_console(data, boot, says=""):
    """SAYS: what the kernel has to say, regular expressions with " & " between them."""
    unsaid = says.split(" & ") if says else []
    when = offset = 0.0
    place, running = "boot", ""
    lines = []
    for _, text, _ in _records(data):
        match = _PRINTK.search(text)
        if match:
            when, text = float(match[1]), match[2]
        mark = _MARK.match(text) if match else None
        if mark:
            offset = when - float(mark[1])
            place, running = ("tests", mark[3]) if mark[2] == "begin" else ("after", "")
        unsaid = [words for words in unsaid if not re.search(words, text)]
        lines.append((when - offset, place, running, printable(text)))
        if text == _OFF:
            break
    boot.says = bool(says) and not unsaid
    for index, (stamp, where, who, text) in enumerate(lines):
        if _SPLATS.search(text) and not _HARMLESS.match(text):
            boot.splats.append(Splat(stamp, where, who, text, [line[-1] for line in lines[index:index + 12]]))


def read_boot(ktap, console, says=""):
    boot = Boot()
    read_ktap(ktap, boot)
    read_console(console, boot, says)
    return boot
