use proptest::prelude::*;

use super::*;

fn stood_for(pattern: &str, name: &str) -> Option<Vec<String>> {
    let pattern = Pattern::parse(pattern).unwrap();
    let mut captures = Captures::default();
    let fits = pattern.fits(name, &mut captures);
    fits.then(|| (1..=pattern.stars()).map(|number| captures.get(number).to_owned()).collect())
}

#[test]
fn stars_stand_for_what_they_should() {
    for (pattern, name, expected) in [
        ("HOME-*/kitchen/*", "HOME-12/kitchen/motion", Some(vec!["12", "motion"])),
        ("HOME-*/kitchen/*", "HOME-12/hall/motion", None),
        ("HOME-*/kitchen/*", "HOME-/kitchen/motion", None),
        ("HOME-*/kitchen/*", "HOME-1/2/kitchen/motion", None),
        ("**/kitchen/*", "HOME-1/2/kitchen/motion", Some(vec!["HOME-1/2", "motion"])),
        ("*", "a/b", None),
        ("**", "a/b", Some(vec!["a/b"])),
        ("*", "", None),
        ("", "", Some(vec![])),
        ("*-*", "a-b-c", Some(vec!["a", "b-c"])),
        ("*-*", "--a", Some(vec!["-", "a"])),
        ("**a*b", "xa/yab", Some(vec!["xa/y", "a"]).filter(|_| false)),
        ("**a*b", "xa/yacb", Some(vec!["xa/y", "c"])),
        ("a[*]*", "a*b", Some(vec!["b"])),
        ("a[*]", "ab", None),
        ("a[*]", "a*", Some(vec![])),
        ("rum-*", "rum-å", Some(vec!["å"])),
        ("*å*", "aåb", Some(vec!["a", "b"])),
        ("*", "a\tb", None),
        ("door_1", "door_1", Some(vec![])),
        ("door_1", "door_12", None),
    ] {
        let expected = expected.map(|texts| texts.into_iter().map(str::to_owned).collect());
        assert_eq!(stood_for(pattern, name), expected, "{pattern} {name}");
    }
    assert_eq!(Pattern::parse("a***b"), None);
    assert_eq!(Pattern::parse("a[*]b").unwrap().literal().as_deref(), Some("a*b"));
}

#[test]
fn templates_say_what_stars_stood_for() {
    let written = |template: &str, pattern: &str, name: &str| {
        let pattern = Pattern::parse(pattern).unwrap();
        let mut captures = Captures::default();
        assert!(pattern.fits(name, &mut captures));
        let mut out = String::new();
        Template::parse(template, pattern.stars())?.write(&captures, &mut out);
        Some(out)
    };
    for (template, expected) in [
        ("home-$1", Some("home-12")),
        ("$2/$1", Some("lamp/12")),
        ("$$1", Some("$1")),
        ("plain", Some("plain")),
        ("", Some("")),
        ("$3", None),
        ("$0", None),
        ("$x", None),
        ("cost$", None),
        ("$1$1$1$1$1$1$1$1$1$1", None),
    ] {
        assert_eq!(written(template, "H-*/*", "H-12/lamp").as_deref(), expected, "{template}");
    }
    let range = Template::parse("h-$1$2-x", 2).unwrap().range();
    assert!(range.fits("h-1-x", &mut Captures::default()));
    assert!(!range.fits("h-1-y", &mut Captures::default()));
}

/// Tries everything.
fn naive(pattern: &str, name: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("[*]") {
        return name.strip_prefix('*').is_some_and(|name| naive(rest, name));
    }
    let (any, rest) = match (pattern.strip_prefix("**"), pattern.strip_prefix('*')) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => {
            let mut letters = pattern.chars();
            let Some(letter) = letters.next() else { return name.is_empty() };
            return name.strip_prefix(letter).is_some_and(|name| naive(letters.as_str(), name));
        }
    };
    let fitting = name.char_indices().map(|(at, letter)| (at + letter.len_utf8(), letter));
    let fitting = fitting.take_while(|(_, letter)| any || *letter != '/');
    fitting.into_iter().any(|(end, _)| naive(rest, name.split_at(end).1))
}

proptest! {
    #[test]
    fn patterns_fit_what_a_naive_search_finds(
        pattern in "([ab/å]|\\*|\\[\\*\\]){0,9}", name in "[ab/å*]{0,10}",
    ) {
        let Some(parsed) = Pattern::parse(&pattern) else {
            return Ok(());
        };
        let mut captures = Captures::default();
        prop_assert_eq!(parsed.fits(&name, &mut captures), naive(&pattern, &name));
    }

    #[test]
    fn what_stars_stood_for_makes_the_name_again(
        pattern in "([ab/]|\\*){0,9}", name in "[ab/]{0,10}",
    ) {
        let Some(parsed) = Pattern::parse(&pattern) else {
            return Ok(());
        };
        let mut captures = Captures::default();
        if parsed.fits(&name, &mut captures) {
            let mut number = 0;
            let template: String = pattern.replace("**", "*").chars().map(|letter| match letter {
                '*' => { number += 1; format!("${number}") }
                other => other.to_string(),
            }).collect();
            let mut again = String::new();
            Template::parse(&template, number).unwrap().write(&captures, &mut again);
            prop_assert_eq!(again, name);
        }
    }
}

#[test]
fn a_hostile_pattern_stays_linear() {
    // With a search that goes back, this would not end.
    let pattern = Pattern::parse(&"**a".repeat(STARS_MAX)).unwrap();
    let name = "a".repeat(MAX_NAME_BYTES - 1) + "b";
    for _ in 0..10_000 {
        assert!(!pattern.fits(&name, &mut Captures::default()));
    }
}
