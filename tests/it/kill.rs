//! kill -9 at random moments under load: nothing is lost, and what comes twice is what was
//! outstanding. `make kill-loop KILLS=25 RATE=5000`.

use std::{
    collections::{HashMap, HashSet},
    thread,
    time::Duration,
};

use crate::support::{
    load::{DeviceTime, Load},
    reader::{Reading, Seen},
    relay::Life,
    site::Site,
    tools, turn, wait,
};

/// What a loop of kills left behind.
pub struct Aftermath {
    pub published: u64,
    /// Messages handed over and not acknowledged, summed over the kills.
    pub outstanding: usize,
    pub seen: Seen,
}

#[test]
fn with_device_time_nothing_is_lost_and_repeats_have_equal_ids() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::alone();
    let kills = tools::setting("TRYGG_KILLS", 25);
    let after = kill_loop(&Site::open(tools), kills, rate(), DeviceTime::Sent);
    after.assert_nothing_lost();
    let repeats = after.seen.readings.len() as u64 - after.published;
    println!(
        "kill loop: {} messages, {kills} kills, 0 lost, {repeats} repeated, {} outstanding at the kills",
        after.published, after.outstanding
    );
    assert!(repeats <= after.outstanding as u64, "more came twice than was outstanding");
    assert!(after.outstanding > 0, "the kills hit nothing");
    after.assert_one_id_a_message();
    after.assert_first_occurrences_in_order();
}

#[test]
fn without_device_time_nothing_is_lost() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::alone();
    let kills = tools::setting("TRYGG_KILLS", 25).div_ceil(5);
    let after = kill_loop(&Site::open(tools), kills, rate(), DeviceTime::Absent);
    after.assert_nothing_lost();
    let ids: HashSet<_> = after.seen.readings.iter().map(Reading::identity).collect();
    println!(
        "kill loop without device time: {} messages, {kills} kills, 0 lost, {} came twice under new ids, {} outstanding \
         at the kills",
        after.published,
        ids.len() as u64 - after.published,
        after.outstanding
    );
}

fn rate() -> u64 {
    tools::setting("TRYGG_RATE", 5000)
}

/// Messages a second, and an engine that is killed again and again.
pub fn kill_loop(site: &Site, kills: u64, rate: u64, time: DeviceTime) -> Aftermath {
    site.create_topics();
    // Subscribed before the first message, so that every message is owed.
    let mut engine = site.engine();
    let load = Load::start(site.publisher(), rate, time);
    let mut moments = Moments::new();
    let mut outstanding = 0;
    for _ in 0..kills {
        let before = site.relay.acknowledged();
        wait::until("the engine acknowledges", wait::SOON, || {
            (site.relay.acknowledged() > before).then_some(())
        });
        thread::park_timeout(moments.next());
        engine.kill();
        outstanding += wait::until("the relay has seen the end", wait::SOON, || {
            site.relay.ask(|lives| lives.last().filter(|life| life.ended).map(Life::outstanding))
        });
        engine = site.engine();
    }
    let published = load.stop();
    site.wait_until_tags_acknowledged(published);
    engine.scrape();
    assert_eq!(engine.terminate(), Some(0));
    site.relay.assert_well_behaved();
    Aftermath { published, outstanding, seen: site.read_all() }
}

impl Aftermath {
    pub fn assert_nothing_lost(&self) {
        let found: HashSet<_> = self.seen.readings.iter().map(Reading::number).collect();
        let lost: Vec<_> = (0..self.published).filter(|number| !found.contains(number)).collect();
        assert!(
            lost.is_empty(),
            "{} of {} lost: {:?}",
            lost.len(),
            self.published,
            &lost[..lost.len().min(10)]
        );
        assert!(self.seen.dead_letters.is_empty(), "{:?}", self.seen.dead_letters[0]);
    }

    pub fn assert_one_id_a_message(&self) {
        let mut ids = HashMap::new();
        for reading in &self.seen.readings {
            assert_eq!(reading.basis, "CONTENT");
            let id = *ids.entry(reading.number()).or_insert(&reading.event_id);
            assert_eq!(id, &reading.event_id, "message {} under two ids", reading.number());
        }
        let distinct: HashSet<_> = ids.values().collect();
        assert_eq!(distinct.len(), ids.len(), "two messages under one id");
    }

    pub fn assert_first_occurrences_in_order(&self) {
        let (mut met, mut last) = (HashSet::new(), HashMap::<&str, u64>::new());
        for reading in self.seen.readings.iter().filter(|reading| met.insert(reading.identity())) {
            let before = last.insert(&reading.device, reading.number());
            assert!(
                before < Some(reading.number()),
                "{}: {before:?}, then {}",
                reading.device,
                reading.number()
            );
        }
    }
}

/// Random moments between 20 ms and 1.5 s. The seed is printed; TRYGG_SEED repeats it.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let clock = u64::from(std::process::id()) ^ crate::support::payload::now().unsigned_abs();
        let seed = tools::setting("TRYGG_SEED", clock) | 1;
        println!("kill loop: TRYGG_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(20 + self.0 % 1480)
    }
}
