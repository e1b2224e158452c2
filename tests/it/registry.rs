//! The list of devices is replaced under load: nothing is lost, and what a home no longer consents to
//! goes nowhere, not even from the spool.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::support::{
    engine::Engine,
    kafka::Kafka,
    load::{DeviceTime, Load},
    process,
    reader::Reading,
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

/// Messages a second.
const RATE: u64 = 500;
/// Homes of the load, and of those that are only listed.
const HOMES: u64 = 20;
const LISTED: u64 = 400;
/// The home that is refused.
const REFUSED: u64 = 7;
/// How soon a refusal has to hold.
const SOON_ENOUGH: Duration = Duration::from_secs(5);
const RELOADS: &str = "trygg_registry_reloads_total";

/// The list, in a file of its own.
struct List(PathBuf);

impl List {
    /// Twenty devices a home, the five of the load among them. Replaced in one move.
    fn write(&self, version: u32, refused: Option<u64>) {
        let mut text = "device,source_home,home,room,interval,consent\n".to_owned();
        for home in 0..LISTED {
            let consent = if refused == Some(home) { "none" } else { "all" };
            for device in 0..20 {
                let line =
                    format!("plug-{home}-{device},h{home},home-{home},room-{version},5m,{consent}");
                writeln!(text, "{line}").expect("text");
            }
        }
        self.replace(&text);
    }

    fn replace(&self, text: &str) {
        let fresh = self.0.with_extension("new");
        fs::write(&fresh, text).expect("a list");
        fs::rename(fresh, &self.0).expect("another list");
    }
}

fn reloads(engine: &Engine, outcome: &str) -> u64 {
    engine.scrape().count(RELOADS, &[("outcome", outcome)])
}

fn goes_on(site: &Site) {
    let before = site.relay.acknowledged();
    wait::until("acknowledgements go on", SOON, || {
        (site.relay.acknowledged() > before + RATE).then_some(())
    });
}

#[test]
fn a_list_is_replaced_under_load_and_a_refused_home_is_refused_everywhere() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::alone();
    let kafka = Arc::new(Kafka::start(tools));
    let mut site = Site::on(tools, Arc::clone(&kafka));
    let list = List(process::scratch("registry").join("devices.csv"));
    list.write(0, None);
    site.config.sections = format!("[registry]\nfile = \"{}\"\n", list.0.display());
    let mut engine = site.up();
    let load = Load::start(site.publisher(), RATE, DeviceTime::Sent);
    goes_on(&site);
    assert_eq!(engine.scrape().count("trygg_registry_devices", &[]), LISTED * 20);

    for version in 1..=2 {
        list.write(version, None);
        wait::until("the list is in force", SOON, || {
            (reloads(&engine, "loaded") == u64::from(version)).then_some(())
        });
        goes_on(&site);
    }
    mistakes_leave_the_old_one_in_force(&engine, &list, &site);

    // Records of every home wait in the spool when one of them is refused.
    kafka.kill();
    wait::until("records wait in the spool", SOON, || {
        (engine.scrape().count("trygg_spool_records", &[("lane", "readings")]) > 3_000)
            .then_some(())
    });
    let refused_at = Instant::now();
    list.write(4, Some(REFUSED));
    wait::until("readings of the home are discarded", SOON, || {
        let scrape = engine.scrape();
        (scrape.count("trygg_readings_without_consent_total", &[]) > 0).then_some(())
    });
    let took = refused_at.elapsed();
    let since = jiff::Timestamp::now().as_microsecond();
    assert!(took < SOON_ENOUGH, "the refusal took {took:?}");
    goes_on(&site);
    kafka.restart();
    wait::until("the spool is empty", SOON, || {
        (engine.scrape().count("trygg_spool_records", &[]) == 0).then_some(())
    });
    let published = load.stop();
    site.wait_until_tags_acknowledged(published);
    wait::until("everything is delivered", SOON, || {
        (engine.scrape().count("trygg_spool_records", &[]) == 0).then_some(())
    });
    let withheld = engine.scrape().count("trygg_records_withheld_total", &[]);
    assert!(withheld > 0, "nothing of the home was waiting");
    site.relay.assert_well_behaved();
    assert_eq!(engine.terminate(), Some(0));

    let seen = site.read_all();
    let numbers: BTreeSet<u64> = seen.readings.iter().map(Reading::number).collect();
    let lost: Vec<u64> = (0..published)
        .filter(|number| number % HOMES != REFUSED && !numbers.contains(number))
        .collect();
    assert!(lost.is_empty(), "lost of homes that are not refused: {lost:?}");
    assert_eq!(seen.dead_letters.len(), 0);
    let of_refused = || seen.readings.iter().filter(|reading| reading.home == "home-7");
    assert!(of_refused().count() > 0);
    assert!(of_refused().all(|reading| reading.received_at_us < since));
    let missing =
        (0..published).filter(|number| number % HOMES == REFUSED && !numbers.contains(number));
    let rooms: BTreeSet<&str> = seen.readings.iter().map(|reading| &*reading.room).collect();
    assert_eq!(rooms, ["room-0", "room-1", "room-2", "room-4"].into());
    println!(
        "registry: {published} messages; the refusal took {took:?}; {withheld} records withheld, \
         {} messages of the home discarded",
        missing.count()
    );
}

fn mistakes_leave_the_old_one_in_force(engine: &Engine, list: &List, site: &Site) {
    list.replace("device,home,consent\nhemlig-1,home-1,all\nhemlig-2,home-1,perhaps\n");
    wait::until("the mistake is seen", SOON, || (reloads(engine, "refused") == 1).then_some(()));
    fs::remove_file(&list.0).expect("a list");
    wait::until("that it is gone is seen", SOON, || {
        (reloads(engine, "refused") == 2).then_some(())
    });
    let log = engine.log();
    assert!(log.contains("line=3") && log.contains("the old one stays in force"), "{log}");
    assert!(!log.contains("hemlig"), "{log}");
    assert_eq!(engine.scrape().count("trygg_registry_devices", &[]), LISTED * 20);
    assert!(!Path::new(&list.0).exists());
    goes_on(site);
    list.write(2, None);
    wait::until("it is back", SOON, || (reloads(engine, "loaded") == 3).then_some(()));
}
