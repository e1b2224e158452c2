use super::*;
use crate::testbed::DAY;

fn homes() -> impl Iterator<Item = Home> {
    (1..=12).map(|number| Home::new(9, number, 6 * HOUR, 3.0))
}

#[test]
fn nothing_moves_while_everybody_is_out() {
    let mut outings = 0;
    for mut home in homes() {
        let mut away = false;
        while home.now < 10 * DAY {
            home.step().unwrap();
            for saying in home.said.drain(..) {
                let text = String::from_utf8(saying.payload).unwrap();
                let moves = text.contains("\"occupancy\":true");
                assert!(!(moves && home.place == Place::Away), "{}", saying.topic);
                let presses = text.contains("emergency");
                assert!(!(presses && home.place == Place::Away), "{}", saying.topic);
            }
            let is_away = home.place == Place::Away;
            outings += u32::from(is_away && !away);
            away = is_away;
        }
    }
    assert!((60..=120).contains(&outings), "{outings} outings of 12 homes in 10 days");
}

#[test]
fn doors_are_closed_and_machines_off_when_somebody_sleeps_at_night() {
    for mut home in homes() {
        while home.now < 10 * DAY {
            home.step().unwrap();
            home.said.clear();
            let hour = home.now % DAY / HOUR;
            if home.place != Place::Bed || (6..21).contains(&hour) {
                continue;
            }
            for fitted in &home.devices {
                let is_quiet = match fitted.state {
                    State::Contact { open } => !open,
                    State::Plug { watts, .. } => watts == 0.0,
                    State::Leak { wet } => !wet,
                    State::Motion { .. } | State::Climate { .. } | State::Button { .. } => true,
                };
                assert!(is_quiet, "{} of {} at {hour}", fitted.device.name(), home.name);
            }
        }
    }
}

#[test]
fn a_day_stands_in_its_order_and_ends_before_the_next_begins() {
    for number in 0..200 {
        let habits = Habits::new(4, number);
        for day in 0..5 {
            let deeds = plan(&habits, day, 7.0);
            let goes: Vec<_> =
                deeds.iter().filter(|(_, deed)| matches!(deed, Deed::Go(_))).collect();
            assert!(goes.is_sorted_by_key(|(at, _)| *at));
            assert_eq!(goes.first().map(|(at, _)| *at), Some(habits.wakes(day)));
            let (last, deed) = goes.last().unwrap();
            assert_eq!(*deed, Deed::Go(Place::Bed));
            assert!(*last < habits.wakes(day + 1), "home {number}, day {day}");
            assert!(deeds.iter().all(|(at, _)| *at < habits.wakes(day + 1)));
        }
    }
}
