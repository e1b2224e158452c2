//! JSON that costs, at a place where a format looks for values.

use super::{Bomb, fill, long, places::Place};

/// All shapes at one place.
#[expect(clippy::too_many_lines, reason = "a table: one row a shape")]
pub(super) fn inside(place: &Place, size: usize) -> Vec<Bomb> {
    let Place { head, tail, key, value, .. } = place;
    let tail = format!("\"z\":0{tail}");
    let bomb = |name: &str, payload: Vec<u8>| Bomb {
        device: place.device.to_owned(),
        before: place.before.clone(),
        ..Bomb::new(format!("{} {name}", place.name), place.topic.as_str(), payload)
    };
    let list =
        |name: &str, part: &dyn Fn(usize) -> String| bomb(name, fill(size, head, &tail, part));
    // Behind a long beginning there is room for fewer parts.
    let below = |name: &str, open: &str, part: &dyn Fn(usize) -> String| {
        bomb(name, fill(size, &format!("{head}{open}"), &format!("\"y\":0}},{tail}"), part))
    };
    let text = |name: &str, content: &str| {
        let content = content.repeat((size - head.len() - tail.len() - 60) / content.len());
        bomb(name, format!("{head}\"{key}\":\"{content}\",{tail}").into_bytes())
    };
    let number = |name: &str, content: &str| {
        let content = content.repeat((size - head.len() - tail.len() - 60) / content.len());
        bomb(name, format!("{head}\"{key}\":0.{content}1,{tail}").into_bytes())
    };
    let of_list = |name: &str, item: &str| {
        let (open, close) = (format!("{head}\"{key}\":["), format!("0],{tail}"));
        bomb(name, fill(size, &open, &close, |_| item.to_owned()))
    };
    let half = long("k", size, 50);
    let mut bombs = vec![
        bomb("deep lists", fill(size, &format!("{head}\"x\":"), "", |_| "[".to_owned())),
        bomb("deep objects", fill(size, &format!("{head}\"x\":"), "", |_| "{\"x\":".to_owned())),
        list("nested a little", &|_| "\"k\":[[[[{\"a\":[{}]}]]]],".to_owned()),
        list("many keys", &|at| format!("\"k{at}\":1,")),
        list("one unknown key again", &|_| "\"k\":1,".to_owned()),
        list("one known key again", &|_| format!("\"{key}\":{value},")),
        list("one known key again, null", &|_| format!("\"{key}\":null,")),
        list("one known key again, wrong", &|_| format!("\"{key}\":\"?\",")),
        list("empty objects", &|_| "\"a\":{},".to_owned()),
        list("empty lists", &|_| "\"a\":[],".to_owned()),
        list("groups", &|at| format!("\"g{at}\":{{\"{key}\":{value}}},")),
        list("devices", &|at| format!("\"{at}\":{{\"Device\":\"x\",\"Name\":\"n\"}},")),
        below("unknown below a long key", &format!("\"{half}\":{{"), &|_| "\"a\":1,".to_owned()),
        below("known below a long key", &format!("\"{half}\":{{"), &|_| {
            format!("\"{key}\":{value},")
        }),
        below("devices below a long key", &format!("\"{half}\":{{"), &|at| {
            format!("\"{at}\":{{\"Device\":\"x\",\"{key}\":{value}}},")
        }),
        below("values behind devices", &thousand(), &|_| "\"a\":1,".to_owned()),
        list("long path", &|_| format!("\"{}\":1,", "a/".repeat(60))),
        text("long text", "v"),
        text("escapes", "\\n"),
        text("escaped letters", "\\u0061"),
        text("blanks", " "),
        text("signs", "-"),
        text("text of digits", "1"),
        text("text of hexadecimal digits", "0F"),
        text("text of many letters", "\u{e5}"),
        number("digits", "1"),
        number("zeros", "0"),
        of_list("list of numbers", "1,"),
        of_list("list of objects", "{\"value\":1},"),
        of_list("list of texts", "\"a\","),
        of_list("list of lists", "[1],"),
        bomb("long key", format!("{head}\"{}\":1,{tail}", long("k", size, 95)).into_bytes()),
        bomb(
            "long key in levels",
            format!("{head}\"{}\":1,{tail}", long("k/", size, 95)).into_bytes(),
        ),
        bomb(
            "long escaped key",
            format!("{head}\"{}\":1,{tail}", long("\\n", size, 95)).into_bytes(),
        ),
    ];
    for between in ["", "_", "-", ":", "/", "_l"] {
        let name = format!("numbered keys {between}");
        bombs.push(list(&name, &|at| format!("\"{key}{between}{at}\":{value},")));
    }
    bombs
}

/// Nearly as many devices as a message may have, and an object that is left open behind them.
fn thousand() -> String {
    let devices: Vec<String> =
        (0..990).map(|at| format!("\"{at}\":{{\"Device\":\"x\"}},")).collect();
    devices.concat() + "\"other\":{"
}
