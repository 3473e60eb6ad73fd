# SPDX-License-Identifier: GPL-2.0
"""Reads the project's tables that are .ini files. "=" ends a key, and only that, for titles and values have colons."""

import configparser


def read_sections(path, failed):
    """{title: {key: value}} of the file at PATH. Raises FAILED, an exception's class, with the place and the reason."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except configparser.Error as error:
        raise failed(f"{path}: {error}") from error
    return {title: dict(parser[title]) for title in parser.sections()}
