//! `tools/capture.py`, which makes the pictures of the documents.

use std::process::Command;

use super::{
    run,
    support::tools::{self, root},
};

/// Colours, a full-screen program's opening, a box, and a question only a terminal can answer.
const PROGRAM: &str = r#"
import sys, tty
out = sys.stdout
tty.setcbreak(0)
out.write("\x1b[?1049h\x1b[2J\x1b[H\x1b[1mbold\x1b[22m \x1b[2mfaint\x1b[22m plain ")
out.write("\x1b[32mgreen\x1b[0m \x1b[38;2;1;2;3mtrue\x1b[0m \x1b[48;5;24m on blue \x1b[0m\r\n")
out.write("┌─ <&> ─┐\r\n\x1b[6n")
out.flush()
heard = b""
while b"R" not in heard or b"q" not in heard:
    heard += sys.stdin.buffer.raw.read(1)
place = heard.replace(b"q", b"")[2:-1].decode()
out.write("at %s, done" % place)
out.flush()
sys.stdin.buffer.raw.read(1)
"#;

fn capture(arguments: &[&str]) -> Option<String> {
    let python = tools::program("PYTHON")?;
    let mut command = Command::new(&python);
    command.arg(root().join("tools/capture.py"));
    command.args(["--size", "60x5", "--seconds", "30", "--until", "done", "--key", "0:q"]);
    command.args(arguments).arg("--").arg(python).args(["-c", PROGRAM]);
    Some(run(&mut command))
}

#[test]
fn a_program_is_asked_answered_and_copied_as_text() {
    let Some(text) = capture(&["--text"]) else { return };
    let expected = "bold faint plain green true  on blue\n┌─ <&> ─┐\nat 3;1, done\n";
    assert_eq!(text, expected);
}

#[test]
fn a_picture_shows_the_colours_and_is_the_same_each_time() {
    let Some(picture) = capture(&["--title", "a <picture>"]) else { return };
    for part in [
        "<title>a &lt;picture&gt;</title>",
        "font-weight=\"bold\">bold</tspan>",
        "fill-opacity=\".6\">faint</tspan>",
        ">plain</tspan>",
        "fill=\"#010203\">true</tspan>",
        "fill=\"#005f87\"/>",
        ">┌─ &lt;&amp;&gt; ─┐</tspan>",
    ] {
        assert!(picture.contains(part), "no {part} in {picture}");
    }
    assert!(!picture.contains("http:") || picture.matches("http").count() == 1, "{picture}");
    assert!(picture.len() < 4096, "{} bytes", picture.len());
    assert_eq!(capture(&["--title", "a <picture>"]), Some(picture));
}
