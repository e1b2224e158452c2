#!/usr/bin/env python3
"""Makes a picture of a program in a terminal: runs it in a pseudo-terminal for a while, and writes
the screen as a self-contained SVG, or as plain text with --text. The same screen gives the same file.

    target/venv/bin/python tools/capture.py --seconds 20 --output docs/demo.svg -- target/release/trygg demo
    target/venv/bin/python tools/capture.py --size 80x12 --key '1:q' --text -- less README.md
"""

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from xml.sax.saxutils import escape, quoteattr

import pyte

# A calm dark terminal. Names as pyte gives them; "brown" is what others call yellow.
FOREGROUND, BACKGROUND, FRAME, FAINT = "#d8dee6", "#14181f", "#2a313c", "#8a94a3"
COLOURS = {
    "black": "#2a313c", "red": "#e5707a", "green": "#8cc98f", "brown": "#e3bf75",
    "blue": "#75aaeb", "magenta": "#c795dc", "cyan": "#6cc5cb", "white": "#c5ccd6",
    "brightblack": "#717c8c", "brightred": "#f28b94", "brightgreen": "#a8dcab", "brightbrown": "#f2d698",
    "brightblue": "#98c1f5", "brightmagenta": "#dab3ea", "brightcyan": "#93dade", "brightwhite": "#f3f6fa",
    "bfightmagenta": "#dab3ea",  # so it is spelt in pyte 0.8
}
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
CELL, LINE, SIZE = 8.4, 17, 14  # width and height of a cell, and of the letters, in pixels
MARGIN, BAR = 14, 34  # round the text, and the window's upper bar
GRACE = 3  # seconds between SIGTERM and SIGKILL


class Screen(pyte.Screen):
    """pyte's screen, which answers the program's questions and knows faint text.

    pyte has no faint; blinking text, which no picture can show, takes its place.
    """

    answers = b""

    def write_process_input(self, data):
        self.answers += data.encode()

    def select_graphic_rendition(self, *attrs, private=False):
        if private:
            return
        rest, known = list(attrs), []
        while rest:
            attr = rest.pop(0)
            if attr in (38, 48) and rest:
                length = 2 if rest[0] == 5 else 4
                known += [attr, *rest[:length]]
                del rest[:length]
            else:
                known += {2: [5], 5: [], 22: [22, 25]}.get(attr, [attr])
        if known or not attrs:
            super().select_graphic_rendition(*known)


class Run:
    """Neighbouring cells that look the same."""

    def __init__(self, column, cell):
        self.column, self.text, self.width = column, "", 0
        foreground, background = colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND)
        if cell.reverse:
            foreground, background = background, foreground
        self.look = (foreground, background, cell.bold, cell.italics, cell.underscore, cell.strikethrough, cell.blink)

    def add(self, text, width):
        self.text += text
        self.width += width


def colour(name, default):
    if name == "default":
        return default
    return COLOURS.get(name, "#" + name)


def runs(screen, row):
    """The runs of a row, without the blank end that nobody sees."""
    found = []
    for column in range(screen.columns):
        cell = screen.buffer[row][column]
        if cell.data == "":  # the right half of a wide character
            if found:
                found[-1].add("", 1)
            continue
        run = Run(column, cell)
        if not found or found[-1].look != run.look:
            found.append(run)
        found[-1].add(cell.data, 1)
    return found


def number(value):
    return f"{value:.1f}".removesuffix(".0")


def svg(screen, title):
    width = number(screen.columns * CELL + 2 * MARGIN)
    height = number(BAR + screen.lines * LINE + MARGIN)
    blocks, texts = [], []
    for row in range(screen.lines):
        top = BAR + row * LINE
        spans = []
        for run in runs(screen, row):
            foreground, background, bold, italics, underscore, strikethrough, faint = run.look
            left = MARGIN + run.column * CELL
            if background != BACKGROUND:
                blocks.append(
                    f'<rect x="{number(left)}" y="{top}" width="{number(run.width * CELL)}" height="{LINE}" fill="{background}"/>'
                )
            visible = run.text if underscore or strikethrough else run.text.rstrip()
            if not visible.strip() and not (underscore or strikethrough):
                continue
            blank = 0 if underscore or strikethrough else len(visible) - len(visible.lstrip())
            cells = run.width - (len(run.text) - len(visible)) - blank
            # The length makes columns meet in whatever font there is.
            look = f'x="{number(left + blank * CELL)}" textLength="{number(cells * CELL)}"'
            look += f' fill="{foreground}"' if foreground != FOREGROUND else ""
            look += ' font-weight="bold"' if bold else ""
            look += ' font-style="italic"' if italics else ""
            look += ' fill-opacity=".6"' if faint else ""
            lines = [name for name, on in (("underline", underscore), ("line-through", strikethrough)) if on]
            look += f' text-decoration="{" ".join(lines)}"' if lines else ""
            spans.append(f"<tspan {look}>{escape(visible[blank:])}</tspan>")
        if spans:
            texts.append(f'<text y="{top + 13}">{"".join(spans)}</text>')
    dots = "".join(f'<circle cx="{20 + 20 * i}" cy="17" r="6" fill="{FRAME}"/>' for i in range(3))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label={quoteattr(title)} xml:space="preserve">',
        f"<title>{escape(title)}</title>",
        f'<rect x=".5" y=".5" width="{number(float(width) - 1)}" height="{number(float(height) - 1)}" rx="10" '
        f'fill="{BACKGROUND}" stroke="{FRAME}"/>',
        dots,
        f'<g font-family="{FONT}" font-size="{SIZE}" fill="{FOREGROUND}">',
        f'<text x="{number(float(width) / 2)}" y="22" font-size="13" fill="{FAINT}" text-anchor="middle">{escape(title)}</text>',
        *blocks,
        *texts,
        "</g>",
        "</svg>",
        "",
    ])


def run(command, columns, lines, seconds, keys, until):
    """The screen of a command after some seconds, or as soon as it shows a text."""
    screen = Screen(columns, lines)
    stream = pyte.ByteStream(screen)
    child, terminal = pty.fork()
    if child == 0:
        # Before the program starts, so that it cannot ask too early.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            os.environ.pop(name, None)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os.write(2, f"{command[0]}: {error}\r\n".encode())
            os._exit(127)
    started = time.monotonic()
    spoke = None
    try:
        while (now := time.monotonic()) - started < seconds:
            if until and any(until in line for line in screen.display):
                break
            # Keys pressed before a program has set up its terminal are lost.
            while keys and spoke and keys[0][0] <= now - spoke:
                os.write(terminal, keys.pop(0)[1])
            if select.select([terminal], [], [], 0.05)[0]:
                try:
                    stream.feed(os.read(terminal, 65536))
                except OSError:  # the program has ended
                    break
                spoke = spoke or now
                os.write(terminal, screen.answers)
                screen.answers = b""
    finally:
        end(child, terminal)
    return screen


def end(child, terminal):
    """SIGTERM, and SIGKILL if that does not help; what it still prints is not looked at."""
    deadline = time.monotonic() + GRACE
    try:
        os.kill(child, signal.SIGTERM)
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            try:
                if select.select([terminal], [], [], 0.05)[0]:
                    os.read(terminal, 65536)
            except OSError:
                time.sleep(0.01)
    except (ChildProcessError, ProcessLookupError):
        pass
    os.close(terminal)


def size(text):
    matched = re.fullmatch(r"(\d{1,3})x(\d{1,3})", text)
    if not matched:
        raise argparse.ArgumentTypeError("expected COLUMNSxLINES, as in 100x30")
    return int(matched[1]), int(matched[2])


def key(text):
    after, _, keys = text.partition(":")
    return float(after), keys.encode().decode("unicode_escape").encode("latin-1")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=size, default=(100, 30), metavar="COLUMNSxLINES", help="default 100x30")
    parser.add_argument("--seconds", type=float, default=5, help="how long it runs; default 5")
    parser.add_argument("--until", metavar="TEXT", help="or until the screen shows this")
    parser.add_argument("--key", type=key, action="append", default=[], metavar="SECONDS:KEYS",
                        help=r"keys to press so long after the first output, as in 2:q or 3.5:\x1b[A")
    parser.add_argument("--title", help="of the window; default: the command")
    parser.add_argument("--text", action="store_true", help="plain text instead of SVG")
    parser.add_argument("--output", metavar="FILE", help="default: standard output")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="behind --")
    args = parser.parse_args()

    columns, lines = args.size
    screen = run(args.command, columns, lines, args.seconds, sorted(args.key), args.until)
    title = args.title or " ".join([os.path.basename(args.command[0]), *args.command[1:]])
    if args.text:
        made = "\n".join(line.rstrip() for line in screen.display).rstrip() + "\n"
    else:
        made = svg(screen, title)
    if args.output:
        with open(args.output, "w", encoding="utf-8") as file:
            file.write(made)
    else:
        sys.stdout.write(made)


if __name__ == "__main__":
    main()
