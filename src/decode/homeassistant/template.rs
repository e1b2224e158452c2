//! Value templates. They are small programs of another language: trygg reads those that only
//! name a place in a JSON text, and runs none.

/// Filters that leave a value what it is, or only write it in another way.
const HARMLESS: [&str; 8] =
    ["is_defined", "float", "int", "string", "round", "default", "lower", "trim"];

/// The path a template names, its keys joined by `/`; empty for the whole payload. `None`: it is a
/// program.
pub(super) fn path(template: &str) -> Option<String> {
    let inner = template.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let mut parts = inner.trim_matches('-').split('|').map(str::trim);
    let expression = parts.next()?;
    for filter in parts {
        let name = filter.split('(').next()?.trim();
        let is_whole = !filter.contains('(') || filter.ends_with(')');
        if !HARMLESS.contains(&name) || !is_whole {
            return None;
        }
    }
    if expression == "value" {
        return Some(String::new());
    }
    keys(expression.strip_prefix("value_json")?)
}

/// `.a.b`, `['a']["b"][0]`, and both mixed.
fn keys(mut rest: &str) -> Option<String> {
    let mut path = String::new();
    while !rest.is_empty() {
        let (key, behind) = if let Some(name) = rest.strip_prefix('.') {
            let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
            let end = name.find(|letter| !is_word(letter)).unwrap_or(name.len());
            name.split_at_checked(end)?
        } else {
            let (key, behind) = rest.strip_prefix('[')?.split_once(']')?;
            (unquoted(key.trim())?, behind)
        };
        let is_name = |letter: char| letter.is_alphanumeric() || " _-:#".contains(letter);
        if key.is_empty() || !key.chars().all(is_name) {
            return None;
        }
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(key);
        rest = behind;
    }
    Some(path).filter(|path| !path.is_empty())
}

fn unquoted(key: &str) -> Option<&str> {
    let quoted = |mark| key.strip_prefix(mark).and_then(|rest: &str| rest.strip_suffix(mark));
    let index = || key.bytes().all(|byte| byte.is_ascii_digit()).then_some(key);
    quoted('\'').or_else(|| quoted('"')).or_else(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_programs_are_not() {
        for (template, expected) in [
            ("{{ value_json.water_leak }}", Some("water_leak")),
            ("{{value_json.a.b}}", Some("a/b")),
            ("{{ value_json['ENERGY'].Power }}", Some("ENERGY/Power")),
            (r#"{{ value_json["a"]["b c"][0] }}"#, Some("a/b c/0")),
            ("{{ value_json.weight | is_defined }}", Some("weight")),
            ("{{ value_json.t | float | round(1) }}", Some("t")),
            ("{{ value }}", Some("")),
            ("{{ value | float(0) }}", Some("")),
            ("{{ value_json.t * 0.1 }}", None),
            ("{{ value_json.t | multiply(2) }}", None),
            ("{{ value_json.t if value_json.t else 0 }}", None),
            ("{% if value_json.x %}ON{% endif %}", None),
            ("{{ value_json[key] }}", None),
            ("{{ value_json.a..b }}", None),
            ("{{ value_json }}", None),
            ("{{ states('x') }}", None),
            ("21", None),
            ("", None),
        ] {
            assert_eq!(path(template).as_deref(), expected, "{template}");
        }
    }
}
