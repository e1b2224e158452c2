//! `[[mapping]]`: a JSON format of the operator's own. Its keys belong to `decode`.

use std::sync::Arc;

use super::{
    document::{Mistake, Section, Spot},
    link::Format,
    setting::Label,
};
use crate::{
    catalogue::Catalogue,
    decode::{Mapping, MappingSettings},
};

/// The name of a mapping and where it stands; there even if the mapping itself is wrong.
pub(super) struct MappingName {
    pub(super) name: String,
    pub(super) spot: Spot,
}

/// Reads one `[[mapping]]` and tries it out.
pub(super) fn read_mapping(
    mut section: Section<'_>,
    catalogue: &Arc<Catalogue>,
) -> (Option<MappingSettings>, MappingName) {
    let name = section.get::<Label>("name").unwrap_or_default().0;
    if Format::BUILT_IN.contains(&name.as_str()) {
        let mistake = Mistake::new("a name that is not a built-in format", "rename it");
        section.refuse_found("name", mistake);
    }
    let settings = section.deserialize::<MappingSettings>();
    if let Some(Err(error)) = settings.as_ref().map(|it| Mapping::new(it, catalogue)) {
        let fix = "correct this [[mapping]]; docs/configuration.md lists its keys";
        let expected = format!("a mapping that can be used ({error})");
        section.refuse("name", Mistake::new(expected, fix));
    }
    let spot = section.spot("name");
    (settings, MappingName { name, spot })
}
