#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Makes a LAVA job of the suite, or runs one on this machine and compares.

usage: lava.py job|run [BASE=6.12] [TREE=] [HOST=vhe] [TESTS='user_irq_cap …'] [CONFIG=] [FORCE=1] [URL=https://…]

"job" leaves kernel, ramdisk (with the tests), job.yaml and, for lava-run,
device.yaml in build/lava/. URL is where a lab will find the first two; without it,
they are named as files of this machine. "run" has lava-run run that job to its
end, runs the same as make run does, and compares each verdict; as root. Exit
status: 0 job written, or all verdicts equal and as expected; 1 one is not;
2 it could not run.
"""

import ends

import os
import shutil
import subprocess
import sys
import time

import yaml

import job
import lavajob
import lavaresults
from boot import device_tree, qemu_of
from children import CHILDREN, CouldNotRun
from ends import say
from hostrun import keep_kernel
from hosts import read_host
from job import TOP
from run import run

DEFAULTS = {**job.DEFAULTS, "HOST": "vhe", "URL": ""}


def arguments(words):
    values = job.read_arguments(words, DEFAULTS)
    url = values.pop("URL")
    if len(values["HOST"].split()) != 1:
        raise CouldNotRun(f"HOST='{values['HOST']}': a LAVA job has one device. Name one host.")
    host = read_host(values["HOST"])
    if host.ktap_terminal:
        raise CouldNotRun(f"host {host.name} has no virtio, by which a LAVA job reports. Name another host.")
    return values, url, host


class Plain(yaml.SafeDumper):
    """What a person may edit: nothing is written once and referred to elsewhere."""

    def ignore_aliases(self, data):
        return True


def write_yaml(path, content):
    path.write_text(yaml.dump(content, Dumper=Plain, sort_keys=False, width=1000), encoding="utf-8")


def need_lava_run():
    if not shutil.which("lava-run"):
        raise CouldNotRun("no LAVA job can run here: lava-run is not installed. Run: make lava-run")
    if os.geteuid():
        raise CouldNotRun("no LAVA job can run here: lava-run works for root only. Run the same command as root.")


def write_job(values, url, host):
    """The folder with all that the job takes."""
    qemu = qemu_of(host)
    with job.built(values, [host], {}) as (tree, plan):
        whole = [name for name in plan.programs if not plan.harness.get(name)]
        if whole:
            raise CouldNotRun(f"{', '.join(whole)}: did not build, or reports no cases, and LAVA takes one verdict a "
                              "case. Leave it out of TESTS.")
        folder = TOP / "build/lava" / f"{tree.name}-{host.name}"
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        files = {"kernel": keep_kernel(plan.image, [host], folder), "ramdisk": folder / "initramfs.cpio"}
        files["ramdisk"].write_bytes(plan.initramfs(host, plan.built, [], False))
    if host.without:
        files["dtb"] = folder / f"{host.name}.dtb"
        device_tree(host, qemu, files["dtb"])
    urls = {name: f"{url.rstrip('/')}/{path.name}" if url else path.as_uri() for name, path in files.items()}
    title = f"kvm-user-irq, {tree.name}, {host.name}{', forced' if values['FORCE'] == '1' else ''}"
    write_yaml(folder / "job.yaml", lavajob.job(title, host, plan.built, urls))
    write_yaml(folder / "device.yaml", lavajob.device(host, qemu))
    return folder


def run_lava(folder):
    """{PROGRAM.CASE: result} of the job in FOLDER."""
    log = folder / "lava.log"
    say(f"lava-run has the job   (log: {log.relative_to(TOP)})")
    # It keeps what it downloads under the job's number, in a folder that all jobs of this machine share.
    child = CHILDREN.start(["lava-run", "--job-id", str(os.getpid()), "--output-dir", folder / "lava", "--device",
                            folder / "device.yaml", folder / "job.yaml"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace")
    told, shown, start = 0, time.monotonic(), time.monotonic()
    with open(log, "w", encoding="utf-8") as output:
        for line in child.stdout:
            output.write(line)
            told += lavaresults.is_result(line)
            if time.monotonic() - shown >= 5:
                shown = time.monotonic()
                say(f"lava-run: {shown - start:.0f} s, {told} results")
    CHILDREN.wait(child)
    results, ended = lavaresults.read(log.read_text(encoding="utf-8"))
    if not ended:
        say(f"the job did not come to its end; {log.relative_to(TOP)} says why")
    return lavaresults.of_cases(results), ended


def compare(values, host, folder):
    theirs, ended = run_lava(folder)
    outcome = run(values)
    different = lavaresults.differences(outcome.cases, theirs)
    for name, our, their in different:
        print(f"  {name}: {our}, and LAVA says {their}")
    print(outcome.sentence())
    print(f"LAVA on {host.name}: {len(theirs)} verdicts, {len(different)} of them not equal to ours, "
          f"{'to the end of the job' if ended else 'and the job did not come to its end'}.")
    return 1 if different or not ended else outcome.status


def work(words):
    command, rest = (words or [""])[0], words[1:]
    if command not in ("job", "run"):
        raise CouldNotRun(f"unknown command '{command}'. There are: job, run.")
    values, url, host = arguments(rest)
    if command == "run" and url:
        raise CouldNotRun("URL is for a lab; run takes the files from this machine. Leave it out.")
    if command == "run":
        need_lava_run()
    with job.alone("lava", "another command has a LAVA job in hand"):
        folder = write_job(values, url, host)
        if command == "run":
            return compare(values, host, folder)
    print(f"LAVA job: {folder.relative_to(TOP)}/job.yaml")
    return 0


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, work))
