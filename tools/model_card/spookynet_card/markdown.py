"""Markdown as the project's formatter leaves it: tables with even columns, lines of at most 120 characters."""

from __future__ import annotations

import textwrap

_WIDTH = 120


def table(head: list[str], rows: list[list[str]], texts: int = 1) -> str:
    """A table; the first ``texts`` columns are text, the others are numbers on the right."""
    widths = [max(3, *(len(row[k]) for row in [head, *rows])) for k in range(len(head))]

    def line(cells: list[str]) -> str:
        padded = zip(cells, widths)
        aligned = [cell.ljust(width) if k < texts else cell.rjust(width) for k, (cell, width) in enumerate(padded)]
        return f"| {' | '.join(aligned)} |"

    rule = ["-" * width if k < texts else "-" * (width - 1) + ":" for k, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def wrapped(text: str) -> str:
    """Paragraphs and lists with full lines; headings, tables, code and pictures as they are."""
    blocks, code = [], False
    for block in text.split("\n\n"):
        is_code = code or block.startswith("```")
        code = is_code and block.count("```") % 2 == (0 if code else 1)
        blocks.append(block if is_code or block.startswith(("#", "|", "!")) else _filled(block))
    return "\n\n".join(blocks)


def _filled(block: str) -> str:
    entries: list[str] = []
    for line in block.split("\n"):
        if line.startswith("- ") or not entries:
            entries.append(line)
        else:
            entries[-1] += f" {line.strip()}"
    return "\n".join(
        textwrap.fill(
            " ".join(entry.split()),
            _WIDTH,
            subsequent_indent="  " if entry.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for entry in entries
    )


def number(value: float | None, digits: int) -> str:
    """With a minus sign that is one, and nothing for what is not known."""
    if value is None:
        return ""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
