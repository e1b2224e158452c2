//! The topics as Kafka had them last, remembered beside the spool: with this trygg can start while
//! Kafka is away.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::kafka::KafkaSettings;

const FILE: &str = "topics.toml";
const VERSION: u32 = 1;
const HEAD: &str = "# The topics as trygg last saw them in Kafka. It starts with them while Kafka is \
                    away.\n# Do not change the partitions: they decide where a home's records go.\n";

/// Where the layout is remembered.
#[derive(Clone, Debug)]
pub(super) struct LayoutFile {
    directory: PathBuf,
}

/// Names and partitions of the three topics, in the order of the lanes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    version: u32,
    topic: Vec<Topic>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    name: String,
    partitions: i32,
}

impl Layout {
    /// What Kafka has now.
    pub(super) fn new(topics: &[String; 3], partitions: [i32; 3]) -> Self {
        let topic = |(name, partitions): (&String, i32)| Topic { name: name.clone(), partitions };
        Self { version: VERSION, topic: topics.iter().zip(partitions).map(topic).collect() }
    }

    /// The partitions, if these are the topics of the configuration.
    pub(super) fn partitions_for(&self, settings: &KafkaSettings) -> Option<[i32; 3]> {
        let topics: &[Topic; 3] = self.topic.as_slice().try_into().ok()?;
        let fits = |(known, name): (&Topic, &String)| known.name == *name && known.partitions > 0;
        let all = self.version == VERSION && topics.iter().zip(&settings.topics).all(fits);
        all.then(|| topics.each_ref().map(|topic| topic.partitions))
    }
}

impl LayoutFile {
    /// In the directory of the spool.
    pub(super) fn inside(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// What was remembered. One that cannot be read is none: Kafka is waited for then.
    pub(super) fn read(&self) -> Option<Layout> {
        let text = fs::read_to_string(self.directory.join(FILE)).ok()?;
        toml::from_str(&text).ok()
    }

    /// Remembers a layout, whole or not at all.
    pub(super) fn write(&self, layout: &Layout) -> io::Result<()> {
        if self.read().as_ref() == Some(layout) {
            return Ok(());
        }
        if !self.directory.is_dir() {
            DirBuilder::new().mode(0o700).create(&self.directory)?;
        }
        let text = toml::to_string(layout).map_err(io::Error::other)?;
        let (file, new) = (self.directory.join(FILE), self.directory.join("topics.toml.new"));
        let mut writing = File::create(&new)?;
        writing.write_all(HEAD.as_bytes())?;
        writing.write_all(text.as_bytes())?;
        writing.sync_all()?;
        fs::rename(new, file)?;
        File::open(&self.directory)?.sync_all()
    }
}

/// Names of the topics as they are noted in the directory of a spool, in the order of the lanes.
pub fn topics_noted(directory: &Path) -> Option<[String; 3]> {
    let layout = LayoutFile::inside(directory).read()?;
    let topics: [Topic; 3] = layout.topic.try_into().ok()?;
    Some(topics.map(|topic| topic.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics() -> [String; 3] {
        ["readings", "alerts", "dead"].map(str::to_owned)
    }

    fn settings(topics: [String; 3]) -> KafkaSettings {
        let cluster = crate::kafka::tests::cluster();
        KafkaSettings { topics, ..crate::kafka::tests::settings_for(&cluster) }
    }

    #[test]
    fn a_layout_is_remembered_and_fits_its_topics_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = LayoutFile::inside(&folder.path().join("spool"));
        assert_eq!(file.read(), None);
        let layout = Layout::new(&topics(), [4, 3, 1]);
        file.write(&layout).unwrap();
        assert_eq!(file.read(), Some(layout.clone()));
        assert_eq!(layout.partitions_for(&settings(topics())), Some([4, 3, 1]));
        let renamed = ["readings", "alarms", "dead"].map(str::to_owned);
        assert_eq!(layout.partitions_for(&settings(renamed)), None);

        let other = Layout::new(&topics(), [6, 3, 1]);
        file.write(&other).unwrap();
        assert_eq!(file.read(), Some(other));
        let left: Vec<_> = fs::read_dir(folder.path().join("spool")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn what_is_no_layout_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = LayoutFile::inside(folder.path());
        let layout = Layout::new(&topics(), [4, 3, 1]);
        file.write(&layout).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        let settings = settings(topics());
        for (from, to) in [
            ("version = 1", "version = 2"),
            ("partitions = 3", "partitions = 0"),
            ("partitions = 3", "partitions = -1"),
            ("partitions = 3", "partitions = \"3\""),
            ("name = \"alerts\"", "nam = \"alerts\""),
            ("[[topic]]", "[[topi"),
        ] {
            assert!(text.contains(from), "{text}");
            fs::write(folder.path().join(FILE), text.replacen(from, to, 1)).unwrap();
            let taken = file.read().and_then(|layout| layout.partitions_for(&settings));
            assert_eq!(taken, None, "{from} as {to}");
        }
        let two = Layout { version: VERSION, topic: layout.topic[..2].to_vec() };
        assert_eq!(two.partitions_for(&settings), None);
    }

    #[test]
    fn a_directory_without_a_parent_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = LayoutFile::inside(&folder.path().join("no/spool"));
        let error = file.write(&Layout::new(&topics(), [1, 1, 1])).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
