//! Words for people.

/// So many of them: `1 link`, `2 links`.
pub(super) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_several() {
        let links = |count| counted(count, "link", "links");
        assert_eq!([links(0), links(1), links(2)], ["0 links", "1 link", "2 links"]);
    }
}
