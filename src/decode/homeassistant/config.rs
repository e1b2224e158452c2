//! A discovery message: what an entity, or all entities of a device, are and where they speak.

use crate::decode::{
    decoded::READINGS_MAX,
    error::DecodeError,
    paths::{self, Path},
    scalar::Scalar,
};

/// Bytes of a text that is looked at. A message may say one once for a thousand entities.
const TEXT_MAX: usize = 512;

/// What one message says, keys in their long form.
#[derive(Debug, Default)]
pub(super) struct Config {
    base: String,
    identifier: Option<String>,
    connection: Option<String>,
    /// What holds for all components; of the form with one entity, the entity.
    pub(super) common: Draft,
    /// The components of the form with many: their ids and what they say themselves.
    pub(super) components: Vec<(String, Draft)>,
    /// Topics that say whether the device is reachable.
    pub(super) availability: Vec<Draft>,
}

/// What is said of one entity.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) platform: Option<String>,
    pub(super) object: Option<String>,
    pub(super) topic: Option<String>,
    pub(super) template: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) class: Option<String>,
    pub(super) on: Option<String>,
    pub(super) off: Option<String>,
    pub(super) category: Option<String>,
    /// Something that matters is longer than it ever is.
    pub(super) is_oversize: bool,
    /// Values it has, known or not.
    pub(super) said: usize,
}

impl Config {
    pub(super) fn read(text: &str) -> Result<Self, DecodeError> {
        let mut config = Self::default();
        paths::walk(text, |path, scalar| config.take(path, &scalar))?;
        Ok(config)
    }

    fn take(&mut self, path: &Path, scalar: &Scalar<'_>) -> Result<(), DecodeError> {
        let Some(value) = as_text(scalar) else { return Ok(()) };
        match long(path.step(0)) {
            "~" if path.len() == 1 && value.len() > TEXT_MAX => self.common.is_oversize = true,
            "~" if path.len() == 1 => self.base = value,
            "device" => match (long(path.step(1)), path.index(2), path.index(3)) {
                ("identifiers", None | Some(0), None) => self.identifier = Some(value),
                ("connections", Some(0), Some(1)) => self.connection = Some(value),
                _ => {}
            },
            "availability" => {
                let at = path.index(1).unwrap_or(0);
                let key = path.step(if path.index(1).is_some() { 2 } else { 1 });
                if at >= self.availability.len() {
                    self.availability.push(Draft::default());
                }
                if let Some(last) = self.availability.last_mut() {
                    last.set(availability(long(key)), value);
                }
                return bound(self.availability.len());
            }
            "components" => {
                let id = path.step(1);
                if self.components.last().is_none_or(|(last, _)| last != id) {
                    bound(self.components.len())?;
                    self.components.push((id.to_owned(), Draft::default()));
                }
                if let Some((_, draft)) = self.components.last_mut() {
                    draft.said += 1;
                    if path.len() == 3 {
                        draft.set(long(path.step(2)), value);
                    }
                }
            }
            key @ ("availability_topic"
            | "payload_available"
            | "payload_not_available"
            | "availability_template") => {
                if self.availability.is_empty() {
                    self.availability.push(Draft::default());
                }
                if let Some(first) = self.availability.first_mut() {
                    first.set(availability(key), value);
                }
            }
            key if path.len() == 1 => self.common.set(key, value),
            _ => {}
        }
        Ok(())
    }

    /// The device's stable name.
    pub(super) fn device(&self) -> Option<&str> {
        let named = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.is_empty());
        let first = if named(&self.identifier) { &self.identifier } else { &self.connection };
        first.as_deref().filter(|name| !name.is_empty())
    }

    /// A topic with `~` filled in, which stands at its beginning or its end.
    pub(super) fn topic(&self, topic: &str) -> Box<str> {
        let base = self.base.as_str();
        if let Some(rest) = topic.strip_prefix('~') {
            return format!("{base}{rest}").into();
        }
        topic.strip_suffix('~').map_or_else(|| topic.into(), |rest| format!("{rest}{base}").into())
    }
}

impl Draft {
    fn set(&mut self, key: &str, value: String) {
        let is_oversize = value.len() > TEXT_MAX;
        let place = match key {
            "platform" => &mut self.platform,
            "object_id" => &mut self.object,
            "state_topic" => &mut self.topic,
            "value_template" | "state_value_template" => &mut self.template,
            "unit_of_measurement" => &mut self.unit,
            "device_class" => &mut self.class,
            "payload_on" | "state_on" | "state_unlocked" => &mut self.on,
            "payload_off" | "state_off" | "state_locked" => &mut self.off,
            "entity_category" => &mut self.category,
            _ => return,
        };
        if is_oversize {
            self.is_oversize = true;
        } else {
            *place = Some(value);
        }
    }

    /// A component that says nothing but its platform has been removed from its device.
    pub(super) fn is_removed(&self) -> bool {
        self.said == 1 && self.platform.is_some()
    }

    /// What a component leaves out, the message says for all.
    pub(super) fn over(&self, common: &Self) -> Self {
        let either = |own: &Option<String>, common: &Option<String>| own.clone().or(common.clone());
        let is_oversize = self.is_oversize || common.is_oversize;
        Self { topic: either(&self.topic, &common.topic), is_oversize, ..self.clone() }
    }
}

/// Availability as an entity that is on or off.
fn availability(key: &str) -> &str {
    match key {
        "topic" | "availability_topic" => "state_topic",
        "payload_available" => "payload_on",
        "payload_not_available" => "payload_off",
        "value_template" | "availability_template" => "value_template",
        _ => "",
    }
}

fn bound(length: usize) -> Result<(), DecodeError> {
    if length < READINGS_MAX {
        Ok(())
    } else {
        Err(DecodeError::TooManyReadings { limit: READINGS_MAX })
    }
}

fn as_text(scalar: &Scalar<'_>) -> Option<String> {
    match scalar {
        Scalar::Text(text) => Some(text.trim().to_owned()),
        Scalar::Bool(state) => Some(state.to_string()),
        Scalar::Unsigned(number) => Some(number.to_string()),
        Scalar::Negative(number) => Some(number.to_string()),
        Scalar::Float(number) => Some(number.to_string()),
        Scalar::Null | Scalar::Nested => None,
    }
}

/// The long form of a key that is used here.
fn long(key: &str) -> &str {
    match key {
        "dev" => "device",
        "ids" => "identifiers",
        "cns" => "connections",
        "avty" => "availability",
        "avty_t" => "availability_topic",
        "avty_tpl" => "availability_template",
        "pl_avail" => "payload_available",
        "pl_not_avail" => "payload_not_available",
        "cmps" => "components",
        "t" => "topic",
        "p" => "platform",
        "obj_id" => "object_id",
        "stat_t" => "state_topic",
        "val_tpl" => "value_template",
        "stat_val_tpl" => "state_value_template",
        "unit_of_meas" => "unit_of_measurement",
        "dev_cla" => "device_class",
        "pl_on" => "payload_on",
        "pl_off" => "payload_off",
        "stat_on" => "state_on",
        "stat_off" => "state_off",
        "stat_locked" => "state_locked",
        "stat_unlocked" => "state_unlocked",
        "ent_cat" => "entity_category",
        other => other,
    }
}
