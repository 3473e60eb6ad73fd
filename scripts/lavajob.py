# SPDX-License-Identifier: GPL-2.0
"""What LAVA is told: a job on an emulated host, and the device that it runs on.

init's report and the kernel's console share the one channel that LAVA has, QEMU's
standard output. A line of init's arrives there whole, by virtio-serial; one of the
console's may be broken by it, and no verdict depends on those.
"""

import re

# What LAVA may wait for, far away for a loaded machine: the whole job, one action of it, and the next result.
# kselftest's runner ends a program after 900 s. LAVA takes the last from the action that opened the channel.
JOB, ACTION, RESULT = {"minutes": 60}, {"minutes": 30}, {"minutes": 16}
# A line that init forwards from kselftest's runner.
_FORWARDED = r"o \d+\.\d{6} "
_NAME = r"[^#\s]\S*"
_WHOLE = "(?:selftests: kvm: )?"
# A result: of a case behind "# ", or of the program as a whole. A skip is an "ok" as well, so the word for
# it is looked for first. All of the line has to be there: half a name is a name too.
_RESULT = rf"{_FORWARDED}(?:# )?(?=(?:ok \d+ {_WHOLE}{_NAME} # (?=SKIP))?(?P<result>SKIP|not ok|ok))" \
    rf"(?:not )?ok \d+ {_WHOLE}(?P<test_case_id>{_NAME})(?: [^\r\n]*)?\r?\n"
# The heading of the next program, which is left for the next monitor, or the end of the runner.
_END = rf"(?={_FORWARDED}# selftests: )|x \d+\.\d{{6}} \d"
_FIXUP = {"ok": "pass", "not ok": "fail", "SKIP": "skip"}
# QEMU's ends of init's channel and the console, both on its standard output.
_CHANNELS = ["-chardev stdio,mux=on,signal=off,id=both", "-device virtio-serial-device",
             "-device virtserialport,chardev=both,name=ktap"]


def monitor(program):
    """LAVA's suite PROGRAM, with a test for each case and, named after the program, one for all of it."""
    return _monitor(program, rf"{_FORWARDED}# selftests: kvm: {re.escape(program)}\r?\n", _END)


def last_monitor():
    """Has no test. Only a start that never comes fails a job: a monitor that waits in vain for its end does not."""
    return _monitor("host", r"q \d+\.\d{6} power off\r?\n", "reboot: Power down")


def _monitor(name, start, end):
    return {"name": name, "start": start, "end": end, "pattern": _RESULT, "fixupdict": _FIXUP}


def job(title, host, programs, urls):
    """A job that runs PROGRAMS; URLS has where kernel, ramdisk and, where the host needs one, dtb are."""
    # What the bench finds in the console afterwards has to end the job at once.
    append = f"{host.kernel_arguments()} panic_on_warn=1"
    arguments = {"kernel": f'-kernel {{kernel}} -append "{append}" -no-reboot', "ramdisk": "-initrd {ramdisk}",
                 "dtb": "-dtb {dtb}"}
    return {
        "job_name": title,
        "device_type": "qemu",
        "visibility": "public",
        "priority": "medium",
        "timeouts": {"job": JOB, "action": ACTION, "connection": RESULT},
        "context": context(host),
        "actions": [
            {"deploy": {"to": "tmpfs", "timeout": ACTION,
                        "images": {name: {"image_arg": arguments[name], "url": url} for name, url in urls.items()}}},
            {"boot": {"method": "qemu", "media": "tmpfs", "timeout": RESULT}},
            {"test": {"timeout": ACTION, "monitors": [*map(monitor, programs), last_monitor()]}},
        ],
    }


def context(host):
    """The host, in the words that a lab's device of type qemu knows."""
    (_, machine, _, cpu, _, smp, _, memory), more = host.machine_arguments()[:8], host.machine_arguments()[8:]
    return {"arch": "arm64", "machine": machine, "cpu": cpu, "memory": int(memory), "serial": "chardev:both",
            "no_kvm": True, "extra_options": [f"-smp {smp}", *([" ".join(more)] if more else []), *_CHANNELS]}


def device(host, qemu):
    """A device of type qemu for lava-run, as far as such a job asks for it: a lab's server makes its own."""
    told = context(host)
    return {
        "available_architectures": ["arm64"],
        "constants": {"failure_retry": 1, "boot_retry": 1},
        "parameters": {},
        "timeouts": {"actions": {}, "connections": {}},
        "actions": {
            "deploy": {"methods": {"image": None}},
            "boot": {
                "connections": {"serial": None},
                "methods": {"qemu": {"parameters": {
                    "command": qemu,
                    "options": [f"-cpu {told['cpu']}", f"-machine {told['machine']}", f"-serial {told['serial']}",
                                "-nographic", "-nic none", f"-m {told['memory']}", "-monitor none"],
                    "extra": told["extra_options"]}}},
            },
        },
    }
